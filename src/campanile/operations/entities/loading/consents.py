"""Consent that comes with loaded rows: recorded before the rows are, so that a no is never late."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from campanile.catalog.entities import Catalog, Dimension, Entity
from campanile.catalog.scopes import Moment, build_entity_tables, build_scope, entity_table_name
from campanile.deliveries.addresses import Address, address_hash, read_address
from campanile.operations.project import Project
from campanile.relations.relation import Relation
from campanile.relations.types import Type
from campanile.store.consents import EVERY_TOPIC, ConsentChange
from campanile.warehouse.merging import entity_schema
from campanile.warehouse.session import DuckDBSession
from campanile.warehouse.sources import EmptyTable, ParquetFiles


def record_consents(project: Project, session: DuckDBSession, entity: Entity, load_key: str) -> int:
    """Record what the rows of the table `changed` say, for every dimension of `entity`.

    They feed the topic `*`. The version column, where it is a time, dates the decision, so an older
    file never undoes a newer opt-out; otherwise the moment of the load does.
    """
    catalog = project.catalog
    written = 0
    for dimension in catalog.dimensions.values():
        if dimension.entity == entity.name and dimension.consent:
            _bind_links(project, session, catalog, entity)
            for channel in dimension.consent:
                changes = _decisions(project, session, entity, dimension, channel, load_key)
                written += project.store.consents.record(changes)
    return written


def _bind_links(project: Project, session: DuckDBSession, catalog: Catalog, entity: Entity) -> None:
    """Linked entities as they are now, so that an address may lie one link away."""
    versions = project.store.entities.current(catalog.entities)
    for name, other in catalog.entities.items():
        if name != entity.name:
            found = versions.get(name)
            schema = entity_schema(other)
            source = ParquetFiles(tuple(found.paths)) if found else EmptyTable(schema)
            session.bind(entity_table_name(name), source, schema or None, fill=True)


def _decisions(
    project: Project,
    session: DuckDBSession,
    entity: Entity,
    dimension: Dimension,
    channel: str,
    load_key: str,
) -> Iterator[ConsentChange]:
    now = project.clock()
    for address, agreed, version in _rows(project, session, entity, dimension, channel):
        read = read_address(channel, address)
        if isinstance(read, Address) and agreed is not None:
            yield ConsentChange(
                channel=channel,
                topic=EVERY_TOPIC,
                address_hash=address_hash(read.normalised),
                decision="in" if agreed else "out",
                at=version.replace(tzinfo=UTC) if version else now,
                source=load_key,
            )


def _rows(
    project: Project,
    session: DuckDBSession,
    entity: Entity,
    dimension: Dimension,
    channel: str,
) -> Iterator[tuple[str | None, bool | None, datetime | None]]:
    schema = entity_schema(entity)
    tables = build_entity_tables(project.catalog)
    tables[entity.name] = replace(tables[entity.name], table="changed")
    moment = Moment(now=project.clock(), timezone=project.timezone)
    scope = build_scope(tables, dimension, moment)
    dated = entity.version is not None and schema[entity.version] is Type.TIMESTAMP
    version = [entity.version] if dated and entity.version else []
    added = {
        "__address": dimension.addresses[channel],
        "__agreed": dimension.consent[channel],
    }
    asked = Relation.table("changed", schema, entity.key).add(added, scope)
    for batch in session.batches(asked.select([*added, *version])):
        lists = [column.to_pylist() for column in batch.columns]
        for row in zip(*lists, strict=True):
            yield row[0], row[1], row[2] if dated else None
