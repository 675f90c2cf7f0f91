"""Where the rows of a bound table come from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from campanile.relations.types import Schema


@dataclass(frozen=True)
class ParquetFiles:
    """Parquet files or globs; `pinned` for files that the product wrote and never changes."""

    paths: tuple[str, ...]
    pinned: bool = False


@dataclass(frozen=True)
class CsvFiles:
    """Delimited files or globs with a header; `schema` overrides what the engine would guess."""

    paths: tuple[str, ...]
    schema: Schema = field(default_factory=dict)
    separator: str = ","
    pinned: bool = False


@dataclass(frozen=True)
class DuckDBTable:
    """A table of a user's own DuckDB file, opened read only."""

    path: Path
    table: str
    pinned: bool = False


@dataclass(frozen=True)
class EngineTable:
    """A table of the company that lies in the engine itself, read in place: `schema.table`."""

    table: str
    pinned: bool = False


@dataclass(frozen=True)
class MemoryRows:
    """Rows given by hand, for tests and small inputs; values in the order of `schema`."""

    schema: Schema
    rows: Sequence[Sequence[object]] = ()
    pinned: bool = True


@dataclass(frozen=True)
class EmptyTable:
    """A table that has no rows yet, such as feedback before the first message."""

    schema: Schema
    pinned: bool = True


Source = ParquetFiles | CsvFiles | DuckDBTable | EngineTable | MemoryRows | EmptyTable
