"""The data of one activity: everything its rules reach, bound as its segment pinned it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from campanile.activities.context import (
    ROW_NUMBER,
    ActivityContext,
    AudienceRows,
    Input,
    Remembered,
)
from campanile.campaigns.filters import named_filters
from campanile.campaigns.graph import Vertex, transition_table
from campanile.campaigns.parameters import rule_parameter
from campanile.catalog.entities import Dimension, Entity
from campanile.catalog.feedback_entities import MESSAGE_FEEDBACK
from campanile.catalog.scopes import (
    Moment,
    audience_table_name,
    build_entity_tables,
    build_saved_audience,
    build_scope,
    entity_table_name,
)
from campanile.operations.entities.copies import copy_table, is_copied
from campanile.operations.entities.sources import registered_source
from campanile.operations.executing.entity_updates import bind_current
from campanile.operations.executing.incoming import bind_incoming
from campanile.operations.executing.pins import message_source
from campanile.operations.executing.segment_run import SegmentRun, opened
from campanile.operations.feedback.message_feedback import FeedbackPins, bind_feedback
from campanile.operations.project import Project
from campanile.relations.relation import Relation
from campanile.relations.scope import EntityTable, SavedAudience, Scope
from campanile.relations.types import Schema, Type
from campanile.store.manifest_rows import ManifestRow, OutputRow
from campanile.warehouse.merging import entity_schema
from campanile.warehouse.sources import EmptyTable, ParquetFiles, Source
from campanile.warehouse.warehouse import Session


@dataclass(frozen=True)
class BoundData:
    """A session with everything bound that the rules of a segment can reach."""

    session: Session
    tables: Mapping[str, EntityTable]
    moment: Moment
    incoming: Relation | None = None
    audiences: Mapping[str, AudienceRows] = field(default_factory=dict)

    def scope(self, relation: Relation | None, dimension: Dimension | None) -> Scope:
        """What a rule over `relation` can reach; None means the entity itself."""
        is_entity = relation is None or relation.source in {t.table for t in self.tables.values()}
        columns = None if is_entity or relation is None else relation.schema
        return build_scope(self.tables, dimension, self.moment, columns)

    def entity(self, dimension: Dimension) -> Relation:
        """All rows of a dimension's entity."""
        table = self.tables[dimension.entity]
        return Relation.table(table.table, table.schema, table.key)


@contextmanager
def shared_data(run: SegmentRun) -> Iterator[BoundData]:
    """What the segment pinned, bound once for all its activities.

    A user's DuckDB file cannot be written while it is attached: then each activity binds anew.
    """
    if any(entity.source.kind == "duckdb" for entity in run.project.catalog.entities.values()):
        with own_data(run) as data:
            yield data
        return
    with run.shared.bound(partial(bind_data, run)) as data:
        yield data


@contextmanager
def own_data(run: SegmentRun) -> Iterator[BoundData]:
    """What the segment pinned, for one activity that will bind other feedback over it."""
    with opened(run) as session:
        yield bind_data(run, session)


def bind_data(run: SegmentRun, session: Session) -> BoundData:
    """Bind what the segment pinned."""
    written = run.pins["feedback"]
    feedback = FeedbackPins.from_json(written) if written is not None else FeedbackPins(0)
    bind_feedback(session, feedback, run.project.warehouse.root)
    tables = bind_entities(run.project, session, run.pins["entities"], feedback)
    saved = _bind_audiences(run, session)
    audiences = {name: seen for name, (seen, _) in saved.items()}
    incoming = None
    if run.pins["incoming"] is not None:
        pin = run.pins["incoming"]
        incoming = bind_incoming(run.project, session, tables, run.compiled, pin, run.execution.id)
    moment = _moment(run, tables, audiences)
    return BoundData(session, tables, moment, incoming, {n: rows for n, (_, rows) in saved.items()})


def bind_entities(
    project: Project,
    session: Session,
    versions: Mapping[str, int],
    feedback: FeedbackPins | None = None,
) -> dict[str, EntityTable]:
    """Bind every entity of the catalog: loaded ones in the versions given, others as they are."""
    bound: dict[str, Schema] = {}
    for name, entity in project.catalog.entities.items():
        if entity.source.kind == "feedback":
            bound[name] = _bind_feedback_entity(project, session, entity, feedback)
            continue
        source = _source(project, entity, versions.get(name))
        schema = entity_schema(entity) or None
        # A version that was loaded before the catalog gained a column has none: it is empty.
        fill = entity.source.kind == "loaded"
        bound[name] = session.bind(entity_table_name(name), source, schema, fill=fill).schema
    return build_entity_tables(project.catalog, bound)


def _bind_feedback_entity(
    project: Project, session: Session, entity: Entity, feedback: FeedbackPins | None
) -> Schema:
    """Messages or events as an entity; who is not one of its people has no person there."""
    schema = entity_schema(entity)
    pinned = feedback or FeedbackPins(0)
    paths = pinned.messages if entity.name == MESSAGE_FEEDBACK else pinned.events
    files = tuple(str(project.warehouse.root / path) for path in paths)
    source = ParquetFiles(files, pinned=True) if files else EmptyTable(schema)
    return session.bind(entity_table_name(entity.name), source, schema, lenient=True).schema


def bind_input(session: Session, row: ManifestRow | OutputRow, key: tuple[str, ...]) -> Relation:
    """Bind a transition, as it is written, as `work__…`."""
    schema = {name: Type(word) for name, word in row.schema.items()}
    source = ParquetFiles((row.path,), pinned=True) if row.path else EmptyTable(schema)
    name = f"work__{transition_table(row.transition)}"
    session.bind(name, source, schema)
    return Relation.table(name, schema, tuple(column for column in key if column in schema))


def build_context(
    run: SegmentRun,
    data: BoundData,
    vertex: Vertex,
    committed: Mapping[str, ManifestRow],
    remembered: Remembered | None = None,
) -> ActivityContext:
    """What the activity `vertex` is given."""
    dimension = run.project.catalog.dimensions.get(vertex.dimension or "")
    graph, dimensions = run.compiled.graph, run.project.catalog.dimensions
    read = {}
    for transition in vertex.reads:
        of = dimensions.get(graph.dimension_of(transition) or "")
        key = data.tables[of.entity].key if of else (ROW_NUMBER,)
        row = committed[transition]
        bound = bind_input(data.session, row, key)
        read[transition] = Input(transition, bound, of, row.reached)
    return ActivityContext(
        campaign=run.compiled.campaign.name,
        version=run.execution.version,
        activity=vertex.name,
        execution=run.execution.key,
        inputs=tuple(read[transition] for transition in vertex.inputs),
        linked={transition: read[transition] for transition in vertex.linked},
        dimension=dimension,
        gives=dimensions.get(graph.dimension_of(vertex.name) or ""),
        current=bind_current(run, data.session, vertex),
        catalog=run.project.catalog,
        scope=data.scope,
        salt=f"{run.compiled.campaign.name}/{vertex.name}",
        entity=data.entity,
        incoming=data.incoming,
        remembered=remembered,
        audiences=data.audiences,
        opened=_outcome_of_gate(run, vertex),
    )


def _outcome_of_gate(run: SegmentRun, vertex: Vertex) -> str | None:
    gates = run.project.store.gates.of_execution(run.execution.id) if vertex.gate else ()
    return next((gate.outcome for gate in gates if gate.activity == vertex.name), None)


def _source(project: Project, entity: Entity, version: int | None) -> Source:
    copied = is_copied(project, entity)
    if copied and version is None:
        version = copy_table(project, entity).version
    if entity.source.kind == "loaded" or copied:
        if version is None:
            return EmptyTable(entity_schema(entity))
        found = project.store.entities.version(entity.name, version)
        return ParquetFiles(tuple(found.paths), pinned=True)
    return registered_source(project.folder, entity)


def _bind_audiences(
    run: SegmentRun, session: Session
) -> dict[str, tuple[SavedAudience, AudienceRows]]:
    """The pinned audiences of the campaign's merge policy, as rules and as activities see them."""
    bound = {}
    for name, version in run.pins["audiences"].items():
        found = run.project.store.audiences.version(name, version)
        if found.merge_policy != run.compiled.campaign.merge_policy:
            continue
        known = found.known()
        source = ParquetFiles(tuple(found.paths), pinned=True)
        session.bind(audience_table_name(name), source, known.columns)
        seen = build_saved_audience(run.project.catalog, name, known.dimension, known.identity)
        rows = Relation.table(seen.table, known.columns or {}, seen.key)
        bound[name] = (seen, AudienceRows(rows, known.dimension))
    return bound


def _moment(
    run: SegmentRun, tables: Mapping[str, EntityTable], audiences: Mapping[str, SavedAudience]
) -> Moment:
    own = run.compiled.campaign.schedule.timezone
    zone = ZoneInfo(own) if own else run.project.timezone
    previous = run.pins["previous_start"]
    return Moment(
        now=datetime.fromisoformat(run.pins["now"]),
        started_at=run.execution.started_at,
        previous_start=datetime.fromisoformat(previous) if previous else None,
        timezone=zone,
        parameters={
            name: rule_parameter(run.compiled.campaign.parameters[name], value, tables, zone)
            for name, value in parameter_values(run).items()
        },
        messages=partial(message_source, run.project, run.execution, run.compiled),
        audiences=audiences,
        filters=named_filters(run.compiled.filters, run.project.catalog, tables, zone),
        ages={
            name: found.committed_at for name, found in run.project.store.entities.current().items()
        },
    )


def parameter_values(run: SegmentRun) -> dict[str, Any]:
    """The values of the execution's parameters as its activities take them."""
    test = run.execution.mode == "test"
    return run.compiled.campaign.values_of(run.execution.parameters, test=test)
