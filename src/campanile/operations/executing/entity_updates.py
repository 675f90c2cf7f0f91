"""Updates of entities: what an activity changes is the next version, committed with its rows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlglot import exp

from campanile.activities.context import CurrentRows
from campanile.activities.effects import UpdateEntity
from campanile.activities.update_data import UpdateData
from campanile.campaigns.graph import Vertex
from campanile.catalog.entities import Entity
from campanile.errors import Overtaken
from campanile.operations.entities.loading.consents import record_consents
from campanile.operations.executing.segment_run import SegmentRun
from campanile.operations.project import Project
from campanile.relations.relation import Relation
from campanile.relations.sql import ROW, column
from campanile.relations.types import Schema
from campanile.store.entity_versions import EntityVersion, NewEntityVersion
from campanile.warehouse.merging import entity_schema
from campanile.warehouse.sources import EmptyTable, ParquetFiles, Source
from campanile.warehouse.warehouse import Session

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def bind_current(run: SegmentRun, session: Session, vertex: Vertex) -> dict[str, CurrentRows]:
    """Bind the newest rows of the entity that `vertex` writes to; the segment pinned older ones."""
    config = run.compiled.campaign.activities[vertex.name]
    entity = run.project.catalog.entities.get(getattr(config, "entity", ""))
    if not isinstance(config, UpdateData) or entity is None:
        return {}
    found = _current(run.project, entity)
    name = f"current__{entity.name}"
    session.bind(name, _source(found, entity), entity_schema(entity), fill=True)
    return {entity.name: CurrentRows(name, found.version if found else 0)}


def new_entity_version(
    run: SegmentRun, session: Session, vertex: Vertex, effect: UpdateEntity
) -> NewEntityVersion | None:
    """Write the entity with its changes, and record the consent they bring; None without any.

    Raises Overtaken when a load came between, which has changed what the rows were judged by.
    """
    project = run.project
    entity = project.catalog.entities[effect.entity]
    current = _current(project, entity)
    if (current.version if current else 0) != effect.version:
        raise Overtaken(f"entity '{entity.name}' was loaded meanwhile.", remedy="Try again.")
    key = f"update:{run.execution.id}:{vertex.name}:{run.attempt}"
    with project.lake.session() as lake, _changes_file(run, session, vertex, effect) as path:
        if path is None:
            return None
        schema = entity_schema(entity)
        changed = _bound(lake, "changes", ParquetFiles((str(path),)), schema, entity)
        rows = _bound(lake, "current_rows", _source(current, entity), schema, entity)
        merged = rows.anti(changed, entity.key)
        if not effect.removes:
            with lake.stage(_that_feeds_consent(project, entity, changed, rows), "changed"):
                record_consents(project, lake, entity, key)
            merged = merged.union([changed])
        directory = project.lake.data_directory(entity.name, effect.version + 1)
        table = lake.write(merged, directory)
    return NewEntityVersion(
        entity=entity.name,
        expected=effect.version,
        paths=[str(table.path)],
        rows=table.rows,
        schema={name: type_.value for name, type_ in table.schema.items()},
        load_key=key,
    )


@contextmanager
def _changes_file(
    run: SegmentRun, session: Session, vertex: Vertex, effect: UpdateEntity
) -> Iterator[Path | None]:
    """The changed rows as a file that the lake reads, whichever engine has computed them."""
    import pyarrow.lib as pa  # brings numpy along: half a second that only an update needs
    from pyarrow import parquet

    batches = list(session.batches(effect.relation))
    if not sum(batch.num_rows for batch in batches):
        yield None
        return
    name = f"{vertex.name}__changes"
    folder = run.project.lake.work_directory(run.execution.campaign, run.execution.key, name)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"attempt-{run.attempt}.parquet"
    parquet.write_table(pa.Table.from_batches(batches), path)  # type: ignore[no-untyped-call]
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _bound(lake: Session, name: str, source: Source, schema: Schema, entity: Entity) -> Relation:
    lake.bind(name, source, schema, fill=True)
    return Relation.table(name, schema, entity.key)


def _that_feeds_consent(
    project: Project, entity: Entity, changed: Relation, before: Relation
) -> Relation:
    """The changed rows that say another consent, or give it for another address, than before.

    Any other change leaves alone what people have decided since the entity was loaded.
    """
    dimensions = [d for d in project.catalog.dimensions.values() if d.entity == entity.name]
    texts = [t for d in dimensions for t in (*d.consent.values(), *d.addresses.values())]
    words = {word for text in texts for word in _WORD.findall(text)}
    feeding = [name for name in entity.columns if name in words and name not in entity.key]
    old = {f"__old_{name}": name for name in (*entity.key[:1], *feeding)}
    beside = changed.join_one(before, entity.key, old)
    is_new = exp.Is(this=column(f"__old_{entity.key[0]}", ROW), expression=exp.null())
    different = [
        exp.NullSafeNEQ(this=column(name, ROW), expression=column(f"__old_{name}", ROW))
        for name in feeding
    ]
    return beside.filter(exp.or_(is_new, *different)).select(list(changed.schema))


def _current(project: Project, entity: Entity) -> EntityVersion | None:
    return project.store.entities.current([entity.name]).get(entity.name)


def _source(found: EntityVersion | None, entity: Entity) -> Source:
    if found is None:
        return EmptyTable(entity_schema(entity))
    return ParquetFiles(tuple(found.paths), pinned=True)
