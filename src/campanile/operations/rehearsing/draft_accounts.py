"""Accounts of tests: how many rows each transition carried, and what a live execution would do."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from campanile.operations.authoring.versions import get_version
from campanile.operations.executing.withheld import UNDONE
from campanile.operations.project import Project
from campanile.store.execution_rows import Execution
from campanile.store.manifest_rows import ManifestRow

_OF_MESSAGES = ("would be sent", "excluded", "assumed", "would wait for")


@dataclass(frozen=True)
class DraftTransition:
    """One transition of a test; `would` says what a live execution does there beyond its rows."""

    transition: str
    type: str
    rows: int | None  # None: not computed yet
    reached: bool
    reason: str  # why it is not reached
    would: str


@dataclass(frozen=True)
class DraftAccount:
    """A test as it stands: its transitions in the order of the campaign, and what it waits for."""

    campaign: str
    version: int
    execution: str
    status: str
    waits_for: str
    simulation: Mapping[str, Any]
    transitions: tuple[DraftTransition, ...]

    def to_json(self) -> dict[str, Any]:
        """The account as `--json` shows it."""
        return {"result": "TEST, nothing was sent", **asdict(self)}


def account_of_test(project: Project, execution: Execution) -> DraftAccount:
    """What a test has found so far."""
    compiled = get_version(project, execution.campaign, execution.version)
    committed = project.store.manifests.committed(execution.id)
    found = [
        _tested(transition, vertex.type, committed.get(transition))
        for name, vertex in compiled.graph.vertices.items()
        for transition in vertex.outputs or (name,)
    ]
    return DraftAccount(
        campaign=execution.campaign,
        version=execution.version,
        execution=execution.key,
        status=execution.status,
        waits_for="" if execution.is_final else _waits(project, execution),
        simulation=execution.simulation or {},
        transitions=tuple(found),
    )


def _tested(transition: str, type_: str, row: ManifestRow | None) -> DraftTransition:
    if row is None:
        return DraftTransition(transition, type_, None, False, "not computed yet", "")
    reason = row.not_reached_reason or ""
    return DraftTransition(transition, type_, row.rows, row.reached, reason, _would(row))


def _would(row: ManifestRow) -> str:
    """What is told of a transition: checks that would hold, messages, and what was left undone."""
    said = [
        f"would be held: {check['sentence']}"
        for check in row.details.get("checks", ())
        if check["kind"] == "hold" and not check["passed"]
    ]
    for name in _OF_MESSAGES:
        said += _facts(name, row.details.get(name))
    return "; ".join([*said, *_facts("", row.details.get(UNDONE))])


def _facts(name: str, fact: Any) -> list[str]:
    if isinstance(fact, Mapping):
        return [f"{name}: {inner} {count:,}" for inner, count in fact.items()]
    if isinstance(fact, int):
        return [f"{name}: {fact:,}"]
    return [f"{name} {fact}".strip()] if fact else []


def _waits(project: Project, execution: Execution) -> str:
    return project.store.executions.waits_for(execution.id).sentence
