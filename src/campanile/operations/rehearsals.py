"""Rehearsals: the first segment of a campaign on today's data, in a store of its own, kept nowhere.

The same functions as in a live run do the work, so what a plan or a preview shows is what would be.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.segments import START
from campanile.deliveries.delivery import Delivery
from campanile.errors import CampanileError
from campanile.operations.activity_runs import run_activity
from campanile.operations.empty_names import EmptyNames
from campanile.operations.pins import make_pins
from campanile.operations.project import Project
from campanile.operations.segment_run import CommittedOutput, SegmentRun
from campanile.operations.versions import apply_campaign, get_version, parameters_of
from campanile.store.consents import refusals
from campanile.store.database import Database
from campanile.store.execution_rows import Execution
from campanile.store.ledger_tables import message
from campanile.store.manifest_rows import ManifestRow
from campanile.store.new_executions import NewExecution
from campanile.store.store import Store
from campanile.warehouse.lake import DuckDBLake

_BY = "rehearsal"
_LATEST = 2**62  # an execution id after all others: every execution of the project is earlier
_BATCH = 1_000


@dataclass(frozen=True)
class RehearsalLake(DuckDBLake):
    """The project's lake to read, a folder that is thrown away to write."""

    scratch: Path = Path()

    def work_directory(self, campaign: str, execution: str, transition: str) -> Path:
        """Where the files of a working table lie, until the rehearsal is over."""
        return self.scratch / campaign / execution / transition


class RehearsalStore(Store):
    """A store of its own that reads entities and audiences of the real one."""

    def __init__(self, databases: Mapping[str, Database], real: Store) -> None:
        super().__init__(databases, real.clock)
        self.entities = real.entities
        self.audiences = real.audiences


@dataclass(frozen=True)
class Waterfall:
    """The way of a message's recipients: whom it was meant for, who is left out, who receives."""

    targeted: int
    excluded: Mapping[str, int]
    receives: int
    confirm: bool
    empty: Mapping[str, int] = field(default_factory=dict)  # template name: rows without a value

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "targeted": self.targeted,
            "excluded": dict(self.excluded),
            "receives": self.receives,
            "waits_for_confirmation": self.confirm,
            "empty_template_names": dict(self.empty),
        }


@dataclass(frozen=True)
class Rehearsed:
    """What the first segment of a version would do now; `trouble` says what stopped it, if it did.

    `rows` are the transitions as they would be committed; their files vanish with the rehearsal.
    """

    campaign: str
    version: int
    compiled: CompiledVersion
    execution: Execution
    outputs: tuple[CommittedOutput, ...]
    rows: Mapping[str, ManifestRow]
    messages: Mapping[str, Waterfall]
    trouble: str = ""


class Rehearsal:
    """A place to try campaign versions in; `project` is the one that is thrown away."""

    def __init__(self, real: Project, folder: Path) -> None:
        scratch = Store.open(folder / "store", real.clock)
        store = RehearsalStore(scratch.databases, real.store)
        store.migrate()
        lake = real.warehouse
        self.real = real
        self.project = replace(
            real,
            store=store,
            state=folder,
            read_definitions=lambda: real.definitions,
            warehouse=RehearsalLake(
                lake.root, lake.memory_limit, lake.threads, folder / "tmp", scratch=folder / "work"
            ),
        )

    def take_stored(self, name: str, version: int) -> int:
        """Take a version of the real store; returns its number here."""
        row = self.real.store.campaigns.version(name, version)
        return self.project.store.campaigns.save_version(
            name,
            label=name,
            source=row.source,
            compiled=row.compiled,
            language_version=row.language_version,
            digest=row.digest,
            by=_BY,
        ).version

    def take_file(self, name: str) -> int:
        """Take what the campaign's file says; raises FaultsFound with everything wrong in it."""
        return apply_campaign(self.project, name, actor=_BY).version

    def run(
        self, name: str, version: int, parameters: Mapping[str, str] | None = None
    ) -> Rehearsed:
        """Run the first segment; trouble with one activity ends it there and is told."""
        compiled = get_version(self.project, name, version)
        execution = self._begin(compiled, name, version, parameters or {})
        outputs: list[CommittedOutput] = []
        trouble = ""
        try:
            run = self._segment(execution, compiled)
            for activity, part in _steps(compiled):
                chosen = run if part == "plan" else _as_test(run)
                outputs += run_activity(chosen, activity, part)  # type: ignore[arg-type]
        except CampanileError as error:
            trouble = str(error)
        return Rehearsed(
            campaign=name,
            version=version,
            compiled=compiled,
            execution=execution,
            outputs=tuple(outputs),
            rows=self.project.store.manifests.committed(execution.id),
            messages=self._messages(execution, compiled),
            trouble=trouble,
        )

    def _begin(
        self, compiled: CompiledVersion, name: str, version: int, given: Mapping[str, str]
    ) -> Execution:
        return self.project.store.executions.create(
            NewExecution(
                campaign=name,
                version=version,
                kind="test",
                mode="test",
                requested_by=_BY,
                due_at=self.project.clock(),
                parameters=parameters_of(compiled, given, test=True),
            )
        )

    def _segment(self, execution: Execution, compiled: CompiledVersion) -> SegmentRun:
        """The run of the first segment: pinned to what the real store has now."""
        segments = self.project.store.segments
        row = segments.get(execution.id, START)
        latest = replace(execution, id=_LATEST, mode="live")
        begun = segments.begin(
            execution.id,
            START,
            attempt=row.attempt,
            version=execution.version,
            run_id=_BY,
            make_pins=lambda: make_pins(self.real, latest, compiled, row),
        )
        return SegmentRun(
            project=self.project,
            execution=replace(begun.execution, mode="live"),
            compiled=compiled,
            segment=START,
            attempt=row.attempt,
            pins=begun.pins,
            reused=False,
            open_session=self.project.warehouse.session,
        )

    def _messages(self, execution: Execution, compiled: CompiledVersion) -> dict[str, Waterfall]:
        found = self.project.store.deliveries.of_execution(execution.id)
        return {one.activity: self._waterfall(one, compiled) for one in found}

    def _waterfall(self, one: Delivery, compiled: CompiledVersion) -> Waterfall:
        """The plan made here knows rows and addresses; consent is the real ledger's."""
        config = compiled.campaign.activities[one.activity]
        content = self.project.store.deliveries.content(one.id)
        empty = EmptyNames.of(content, getattr(config, "empty_fields", ()))
        reasons: Counter[str] = Counter()
        for reason, fields in self._planned(one):
            reasons[reason] += 1
            if not reason:
                empty.look_at(fields)
        receives = reasons.pop("", 0)
        return Waterfall(
            targeted=receives + reasons.total(),
            excluded=dict(reasons),
            receives=receives,
            confirm=one.settings.confirm,
            empty=empty.counts,
        )

    def _planned(self, one: Delivery) -> Iterator[tuple[str, str]]:
        """(reason or nothing, fields) of each planned row, judged as the planner would."""
        taken: set[bytes] = set()
        rows = self._rows(one.id)
        while batch := list(islice(rows, _BATCH)):
            hashes = [row.address_hash for row in batch if _is_open(row.reason)]
            with self.real.store.databases["ledger"].read() as connection:
                refused = refusals(connection, one.settings, hashes)
            for row in batch:
                reason = row.reason or ""
                if _is_open(row.reason):
                    reason = refused.get(row.address_hash, "")
                if not reason:
                    reason = "duplicate" if row.message_key in taken else ""
                    taken.add(row.message_key)
                yield reason, row.fields

    def _rows(self, delivery_id: int) -> Iterator[Any]:
        columns = message.c
        query = select(columns.reason, columns.address_hash, columns.message_key, columns.fields)
        query = query.where(columns.delivery_id == delivery_id).order_by(columns.ordinal)
        with self.project.store.databases["ledger"].read() as connection:
            yield from connection.execute(query)


@contextmanager
def rehearsal(project: Project) -> Iterator[Rehearsal]:
    """A rehearsal whose store and files vanish at the end; the project's own stay as they are."""
    parent = project.state / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="rehearsal-", dir=parent) as folder:
        found = Rehearsal(project, Path(folder))
        try:
            yield found
        finally:
            found.project.store.close()


def _is_open(reason: str | None) -> bool:
    """Whether only the real ledger can say if the row is written to: it knows the consents."""
    return reason in (None, "duplicate", "no_consent", "suppressed")


def _steps(compiled: CompiledVersion) -> list[tuple[str, str]]:
    """(activity, part) of the first segment, in an order in which they can run."""
    cut = compiled.segment(START)
    steps = [(name, "all") for name in cut.activities] + [(name, "plan") for name in cut.plans]
    order = compiled.graph.order
    return sorted(steps, key=lambda step: order.index(step[0]))


def _as_test(run: SegmentRun) -> SegmentRun:
    """Without effects: no audience is saved, nobody is alerted, nothing is consumed."""
    return replace(run, execution=replace(run.execution, mode="test"))
