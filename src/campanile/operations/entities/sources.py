"""Registered sources: files and databases of the company's own that entities are read from."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from campanile.catalog.entities import Catalog, Entity
from campanile.relations.types import Schema
from campanile.warehouse.merging import entity_schema
from campanile.warehouse.sources import CsvFiles, DuckDBTable, EngineTable, ParquetFiles, Source
from campanile.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from campanile.warehouse.postgres import PostgresServer

REGISTERED = ("files", "duckdb", "table")  # somebody else may change them under us


def registered_source(folder: Path, entity: Entity) -> Source:
    """Where the rows of a registered entity are; paths are relative to the project's folder."""
    written = entity.source
    if written.kind == "files":
        path = str(folder / str(written.files))
        if path.endswith((".parquet", ".pq")):
            return ParquetFiles((path,))
        return CsvFiles((path,), entity_schema(entity))
    assert written.table is not None
    if written.kind == "table":
        return EngineTable(written.table)
    return DuckDBTable(folder / str(written.database), written.table)


def columns_found(
    folder: Path,
    catalog: Catalog,
    warehouse: Warehouse,
    copied: Callable[[Entity], "PostgresServer | None"],
) -> dict[str, Schema]:
    """The columns of registered entities whose catalog file names none, as their sources say.

    `copied` gives the database that an entity is copied from. Raises EngineError for a source that
    is not there.
    """
    wanted = [e for e in catalog.entities.values() if not e.columns and e.source.kind in REGISTERED]
    servers = {entity.name: server for entity in wanted if (server := copied(entity))}
    found = {name: _table_columns(catalog.entities[name], servers[name]) for name in servers}
    if len(found) == len(wanted):
        return found
    with warehouse.session() as session:
        for entity in wanted:
            if entity.name not in found:
                source = registered_source(folder, entity)
                found[entity.name] = session.bind("asked", source).schema
    return found


def _table_columns(entity: Entity, server: "PostgresServer") -> Schema:
    from campanile.warehouse.postgres import table_columns

    return table_columns(server, str(entity.source.table))
