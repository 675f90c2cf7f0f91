"""The outputs of one activity: relations that are made, written as tables and told in rows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from campanile.activities.base import Outcome
from campanile.activities.parts import stage_name
from campanile.campaigns.graph import Vertex, transition_table
from campanile.operations.executing.segment_run import SegmentRun
from campanile.relations.relation import Relation
from campanile.store.manifest_rows import OutputRow
from campanile.store.manifests import Effect
from campanile.warehouse.warehouse import Session, WrittenTable


@dataclass(frozen=True)
class Made:
    """The relations of one activity's outputs by transition, ready to be written.

    `why_not` says why an output is not reached; such an output is written without rows.
    """

    relations: Mapping[str, Relation]
    why_not: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outcome: Outcome | None = None
    effects: Sequence[Effect] = ()


@contextmanager
def staged_outputs(
    session: Session, activity: str, outcome: Outcome | None
) -> Iterator[Mapping[str, bool]]:
    """The outputs' reached-answers, with the stage they select from materialised meanwhile."""
    if outcome is None:
        yield {}
        return
    if outcome.stage is None:
        yield _answers(session, outcome)
        return
    with session.stage(outcome.stage, stage_name(activity)):
        yield _answers(session, outcome)


def _answers(session: Session, outcome: Outcome) -> dict[str, bool]:
    return {
        name: answer if isinstance(answer, bool) else bool(session.scalar(answer))
        for name, answer in outcome.reached.items()
    }


def with_counts(session: Session, vertex: Vertex, made: Made) -> dict[str, dict[str, Any]]:
    """The details of the outputs, with what the activity counts; faults with their remedy."""
    details = {name: dict(facts) for name, facts in made.details.items()}
    if made.outcome is None or made.why_not:
        return details
    for output, relation in made.outcome.counts.items():
        (values,) = session.rows(relation)
        counts = {
            name: int(str(value)) for name, value in zip(relation.schema, values, strict=True)
        }
        transition = f"{vertex.name}.{output}" if output else vertex.name
        facts = details.setdefault(transition, {})
        facts |= {name: count for name, count in counts.items() if count or not facts}
        known = made.outcome.faults
        faults = {name: known[name] for name in counts if counts[name] and name in known}
        if faults:
            facts["fault"] = faults
    return details


def write_outputs(
    run: SegmentRun, session: Session, made: Made, answers: Mapping[str, bool]
) -> dict[str, tuple[WrittenTable | None, str]]:
    """Write each output; an unreached one as a table without rows."""
    written: dict[str, tuple[WrittenTable | None, str]] = {}
    for transition, relation in made.relations.items():
        why = made.why_not.get(transition, "")
        if not why and not answers.get(transition.partition(".")[2], True):
            why = "another branch was taken"
        rows = relation.limit(0) if why else relation
        directory = run.project.warehouse.work_directory(
            run.execution.campaign, run.execution.key, transition_table(transition)
        )
        written[transition] = (session.write(rows, directory), why)
    if not written:  # an end commits its own name, without a table
        name = next(iter(made.why_not), "")
        written[""] = (None, made.why_not.get(name, ""))
    return written


def output_row(
    vertex: Vertex, made: Made, transition: str, found: tuple[WrittenTable | None, str]
) -> OutputRow:
    """The row of the manifest that tells of one written output."""
    table, why = found
    relation = made.relations.get(transition)
    return OutputRow(
        transition=transition or vertex.name,
        activity=vertex.name,
        rows=table.rows if table else 0,
        schema={name: type_.value for name, type_ in table.schema.items()} if table else {},
        path=str(table.path) if table else None,
        reached=not why,
        not_reached_reason=why or None,
        sql=relation.sql_without_literals() if relation is not None else "",
        bytes=table.bytes if table else 0,
        seconds=round(table.seconds, 4) if table else 0.0,
        details=dict(made.details.get(transition, {})),
    )
