"""Registered sources: files and databases of the company's own that entities are read from."""

from pathlib import Path

from campanile.catalog.entities import Catalog, Entity
from campanile.relations.types import Schema
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.merging import entity_schema
from campanile.warehouse.sources import CsvFiles, DuckDBTable, ParquetFiles, Source

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
    return DuckDBTable(folder / str(written.database), written.table)


def columns_found(folder: Path, catalog: Catalog, warehouse: DuckDBLake) -> dict[str, Schema]:
    """The columns of registered entities whose catalog file names none, as their sources say.

    Raises EngineError for a source that is not there.
    """
    wanted = [e for e in catalog.entities.values() if not e.columns and e.source.kind in REGISTERED]
    if not wanted:
        return {}
    with warehouse.session() as session:
        return {
            entity.name: session.bind("asked", registered_source(folder, entity)).schema
            for entity in wanted
        }
