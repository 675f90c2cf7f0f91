"""Copies of a database's tables: an entity of the company's, pinned like one that was loaded."""

import uuid
from datetime import datetime

from campanile.campaigns.table_sources import database_of
from campanile.catalog.entities import Entity
from campanile.errors import Refused
from campanile.operations.entities.sources import REGISTERED
from campanile.operations.project import CompanyDatabase, Project
from campanile.store.entity_versions import EntityVersion, NewEntityVersion
from campanile.warehouse.merging import entity_schema


def is_copied(project: Project, entity: Entity) -> bool:
    """Whether the rows are copied from a database before they are read."""
    return database_of(project.foundation.project, entity.source) is not None


def is_live(project: Project, entity: Entity) -> bool:
    """Whether the rows are somebody else's and read as they are in that moment (`pinned: no`)."""
    return entity.source.kind in REGISTERED and not is_copied(project, entity)


def refresh_copies(project: Project, now: datetime) -> None:
    """Copy each table whose copy is missing or older than its database says; the others stay."""
    copied = [each for each in project.catalog.entities.values() if is_copied(project, each)]
    current = project.store.entities.current([entity.name for entity in copied])
    for entity in copied:
        found = current.get(entity.name)
        every = _database(project, entity).copy_every
        if found is None or found.committed_at <= now - every:
            copy_table(project, entity)


def copy_table(project: Project, entity: Entity) -> EntityVersion:
    """Copy the table as it is in this moment, as a new version of the entity.

    Another process that copied it meanwhile is believed.
    """
    from campanile.warehouse.arrow_files import write_batches
    from campanile.warehouse.postgres import table_rows

    current = project.store.entities.current([entity.name]).get(entity.name)
    expected = current.version if current else 0
    directory = project.lake.data_directory(entity.name, expected + 1)
    server, table = _database(project, entity).server, str(entity.source.table)
    with table_rows(server, table, entity_schema(entity) or None) as (schema, batches):
        written = write_batches(batches, schema, directory)
    version = NewEntityVersion(
        entity=entity.name,
        expected=expected,
        paths=[str(written.path)],
        rows=written.rows,
        schema={name: type_.value for name, type_ in schema.items()},
        load_key=f"copy:{uuid.uuid4().hex}",
    )
    try:
        return project.store.entities.publish(version)
    except Refused:
        written.path.unlink()
        return project.store.entities.current([entity.name])[entity.name]


def _database(project: Project, entity: Entity) -> CompanyDatabase:
    return project.databases[str(database_of(project.foundation.project, entity.source))]
