"""New people of a feedback schedule: found up to a watermark, handed over once, and remembered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.former_names import names_of
from campanile.campaigns.schedule import FeedbackSchedule
from campanile.campaigns.schedules import fixed, settled
from campanile.catalog.entities import Dimension
from campanile.errors import DefinitionError
from campanile.operations.executing.segment_run import SegmentRun, opened
from campanile.operations.feedback.feedback_files import discard_copies
from campanile.operations.feedback.message_feedback import FeedbackExporter, bind_feedback
from campanile.operations.project import Project
from campanile.relations.relation import Relation
from campanile.relations.row_keys import with_key_text
from campanile.relations.scope import EntityTable, MessageSource, Scope
from campanile.relations.types import Schema, Type
from campanile.reporting.feedback_tables import EVENTS, EVENTS_TABLE
from campanile.store.consumed import Commit, Consumed, Memory
from campanile.store.execution_rows import Execution
from campanile.warehouse.sources import MemoryRows, ParquetFiles
from campanile.warehouse.warehouse import Session

_TABLE = "incoming__rows"
_SCHEMA: Schema = {"event_id": Type.INTEGER, "person": Type.TEXT}
_PEOPLE_EVENTS = ("opened", "clicked")  # of these only what a human did counts


@dataclass(frozen=True)
class NewPeople:
    """Events that no execution has consumed, of people who may be targeted."""

    events: tuple[tuple[int, str], ...]  # (event id, person)

    @property
    def people(self) -> int:
        """How many different people."""
        return len({person for _, person in self.events})


def find_new_people(project: Project, compiled: CompiledVersion, now: datetime) -> NewPeople:
    """Everybody whose feedback is new to the campaign, up to now.

    Not counted: events older than `max_age`, those consumed by a committed execution, and people
    consumed within `cool_down`.
    """
    schedule = settled(compiled.campaign.schedule, compiled.campaign)
    assert isinstance(schedule, FeedbackSchedule)
    message_campaign, _, activity = schedule.on_feedback.partition(".")
    exporter = FeedbackExporter.of(project.store, project.lake)
    pins = exporter.export([MessageSource(message_campaign, activity)])
    try:
        with project.lake.session() as session:
            bind_feedback(session, pins, project.lake.root)
            found = list(_events(session, schedule, now))
    finally:
        discard_copies(pins, project.warehouse.root)
    return NewPeople(tuple(_unconsumed(project, compiled, schedule, found, now)))


def write_incoming(
    project: Project, compiled: CompiledVersion, execution: Execution, now: datetime
) -> dict[str, Any]:
    """Write the new people down for all attempts of this execution; returns the pin."""
    found = find_new_people(project, compiled, now)
    directory = project.lake.work_directory(execution.campaign, execution.key, "incoming")
    with project.lake.session() as session:
        path = _write(session, found.events, directory)
    return {"path": path.relative_to(project.lake.root).as_posix(), "people": found.people}


def bind_incoming(
    project: Project,
    session: Session,
    tables: Mapping[str, EntityTable],
    compiled: CompiledVersion,
    pin: Mapping[str, Any],
    execution_id: int,
) -> Relation:
    """The pinned new people as keys of the dimension of the activity that takes them in.

    Whom another execution took in since (this one failed and is restarted late) is not new.
    """
    path = project.warehouse.root / str(pin["path"])
    session.bind("pinned__people", ParquetFiles((str(path),), pinned=True), _SCHEMA)
    left = _untaken(project, session, compiled, execution_id)
    session.bind(_TABLE, MemoryRows(_SCHEMA, left))
    dimension = _dimension(project, compiled)
    table = tables[dimension.entity]
    everybody = Relation.table(table.table, table.schema, table.key)
    people = Relation.table(_TABLE, _SCHEMA, ()).distinct(["person"])
    matched = with_key_text(everybody, table.key, "__person").semi(people, {"__person": "person"})
    return matched.select(table.key)


def consume_incoming(run: SegmentRun, activity: str) -> None:
    """Remember the events handed over; they count once the activity's transition is committed."""
    pin = run.pins["incoming"]
    if pin is None:
        return
    path = run.project.warehouse.root / str(pin["path"])
    with opened(run) as session:
        session.bind(_TABLE, ParquetFiles((str(path),), pinned=True), _SCHEMA)
        rows = session.rows(Relation.table(_TABLE, _SCHEMA, ()))
    run.project.store.consumed.add(
        run.execution.campaign,
        memory_name(run.compiled),
        Commit(run.execution.id, activity, run.attempt),
        [Consumed(int(str(event_id)), str(person)) for event_id, person in rows],
    )


def _untaken(
    project: Project, session: Session, compiled: CompiledVersion, execution_id: int
) -> list[tuple[int, str]]:
    rows = session.rows(Relation.table("pinned__people", _SCHEMA, ()))
    pinned = [(int(str(event_id)), str(person)) for event_id, person in rows]
    first = min((event_id for event_id, _ in pinned), default=1)
    taken = set(
        project.store.consumed.consumed_event_ids(
            incoming_memory(compiled), first, besides=execution_id
        )
    )
    return [each for each in pinned if each[0] not in taken]


def memory_name(compiled: CompiledVersion) -> str:
    """Under which activity the consumed events of a feedback campaign are remembered."""
    for name, config in compiled.campaign.activities.items():
        if config.type == "incoming":
            return name
    raise DefinitionError(
        f"campaign '{compiled.campaign.name}' starts on feedback and takes nobody in.",
        remedy="Add an activity of type incoming.",
    )


def incoming_memory(compiled: CompiledVersion) -> Memory:
    """Where the consumed events of a feedback campaign are remembered, former names included."""
    return names_of(compiled.campaign, memory_name(compiled))


def _events(
    session: Session, schedule: FeedbackSchedule, now: datetime
) -> Iterator[tuple[int, str]]:
    """(event id, person) of the events that the schedule asks for."""
    oldest = (now - fixed(schedule.max_age)).astimezone(UTC)
    text = f"kind = '{schedule.event}' and at >= timestamp '{oldest:%Y-%m-%d %H:%M:%S}'"
    if schedule.event in _PEOPLE_EVENTS:
        text += " and human"
    rule: list[object] = [text, *([schedule.where] if schedule.where is not None else [])]
    events = Relation.table(EVENTS_TABLE, EVENTS, ("event_id",))
    wanted = events.where(rule, Scope(columns=EVENTS, now=now))
    for event_id, person in session.rows(wanted.select(["event_id", "person"])):
        yield int(str(event_id)), str(person)


def _unconsumed(
    project: Project,
    compiled: CompiledVersion,
    schedule: FeedbackSchedule,
    found: Sequence[tuple[int, str]],
    now: datetime,
) -> Iterator[tuple[int, str]]:
    if not found:
        return
    consumed_events, memory = project.store.consumed, incoming_memory(compiled)
    first = min(event_id for event_id, _ in found)
    consumed = set(consumed_events.consumed_event_ids(memory, first))
    cooling = set()
    if schedule.cool_down is not None:
        cooling = set(consumed_events.people(memory, now - fixed(schedule.cool_down)))
    for event_id, person in found:
        if event_id not in consumed and person not in cooling:
            yield event_id, person


def _write(session: Session, events: Sequence[tuple[int, str]], directory: Path) -> Path:
    rows = Relation.table("found__people", _SCHEMA, ())
    session.bind("found__people", MemoryRows(_SCHEMA, events))
    return session.write(rows, directory).path


def _dimension(project: Project, compiled: CompiledVersion) -> Dimension:
    name = compiled.graph[memory_name(compiled)].dimension
    return project.catalog.dimensions[str(name)]
