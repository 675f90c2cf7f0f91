"""One connection's view of the data: named tables bound to sources, relations written to files."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from campanile.errors import EngineError
from campanile.relations.relation import Relation
from campanile.relations.sql import SQL_TYPES
from campanile.relations.types import Schema
from campanile.warehouse.bindings import BindingSession, require_in_source
from campanile.warehouse.durable import publish_file
from campanile.warehouse.failures import engine_errors
from campanile.warehouse.readers import (
    absent,
    canonical,
    dotted,
    file_reader,
    literal,
    quoted,
    type_of,
)
from campanile.warehouse.sources import CsvFiles, DuckDBTable, EngineTable, MemoryRows, Source
from campanile.warehouse.warehouse import WrittenTable

if TYPE_CHECKING:
    import pyarrow as pa

_WRITTEN_OUT = 100  # rows by hand that stand in the query itself; more would take minutes


class DuckDBSession(BindingSession):
    """A session on a DuckDB connection; binds are temporary views, so files are read in place."""

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__()
        self._connection = connection

    def _make_readable(
        self, name: str, source: Source, schema: Schema | None, *, lenient: bool, fill: bool
    ) -> Schema:
        with engine_errors(f"reading the source of '{name}'"):
            reader = self._reader(source)
            found = self._columns(reader)
            wanted = schema or {column: type_of(kind) for column, kind in found.items()}
            if not fill:
                require_in_source(name, wanted, found)
            cast = "TRY_CAST" if lenient else "CAST"
            items = [
                canonical(c, found[c], wanted[c], cast) if c in found else absent(c, wanted[c])
                for c in wanted
            ]
            kind = "TABLE" if isinstance(source, CsvFiles) else "VIEW"
            self._drop(name)
            self._connection.execute(
                f"CREATE TEMP {kind} {quoted(name)} AS "  # noqa: S608
                f"SELECT {', '.join(items)} FROM {reader}"
            )
        return wanted

    def write(self, relation: Relation, directory: Path) -> WrittenTable:
        """Write a relation as a new Parquet file: temporary name, fsync, rename.

        Nothing is ever overwritten; no rows give a file with the schema.
        """
        started = time.perf_counter()
        directory.mkdir(parents=True, exist_ok=True)
        name = f"part-{uuid.uuid4().hex}.parquet"
        temporary, final = directory / f".{name}.tmp", directory / name
        with engine_errors("writing a table"):
            try:
                rows = self._copy(relation, temporary)
                publish_file(temporary, final)
            finally:
                temporary.unlink(missing_ok=True)
        size = final.stat().st_size
        return WrittenTable(final, rows, dict(relation.schema), size, time.perf_counter() - started)

    @contextmanager
    def stage(self, relation: Relation, name: str | None = None) -> Iterator[Relation]:
        """The relation materialised once, for outputs that must agree; dropped at the end."""
        name = name or f"__stage_{uuid.uuid4().hex[:12]}"
        with engine_errors("preparing a table"):
            self._connection.execute(f"CREATE TEMP TABLE {quoted(name)} AS {self._typed(relation)}")
        try:
            yield Relation.table(name, relation.schema, relation.key)
        finally:
            with engine_errors("dropping a table"):
                self._connection.execute(f"DROP TABLE {quoted(name)}")

    def count(self, relation: Relation) -> int:
        """The number of rows."""
        return int(str(self._one(f"SELECT count(*) FROM ({self._sql(relation)})")))  # noqa: S608

    def scalar(self, relation: Relation) -> object:
        """The only column of the only row."""
        return self._one(self._sql(relation))

    def rows(self, relation: Relation, limit: int | None = None) -> list[tuple[object, ...]]:
        """The rows, for small results; instants are naive UTC as stored."""
        bounded = "" if limit is None else f" LIMIT {int(limit)}"
        with engine_errors("reading rows"):
            query = f"SELECT * FROM ({self._sql(relation)}){bounded}"  # noqa: S608
            return self._connection.execute(query).fetchall()

    def batches(self, relation: Relation, size: int = 20_000) -> Iterator["pa.RecordBatch"]:  # type: ignore[name-defined]
        """Arrow batches of about `size` rows, for sending and extracts.

        The session can answer nothing else until the last batch is taken.
        """
        with engine_errors("reading rows"):
            reader = self._connection.sql(self._sql(relation)).to_arrow_reader(size)
            assert reader is not None
            yield from reader

    def _copy(self, relation: Relation, path: Path) -> int:
        options = "(FORMAT parquet, COMPRESSION zstd)"
        query = f"COPY ({self._typed(relation)}) TO {literal(str(path))} {options}"
        row = self._connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def _typed(self, relation: Relation) -> str:
        items = ", ".join(
            f"CAST({quoted(name)} AS {SQL_TYPES[type_]}) AS {quoted(name)}"
            for name, type_ in relation.schema.items()
        )
        return f"SELECT {items} FROM ({self._sql(relation)})"  # noqa: S608

    def _sql(self, relation: Relation) -> str:
        return relation.sql(self.dialect)

    def _one(self, query: str) -> object:
        with engine_errors("reading a value"):
            row = self._connection.execute(query).fetchone()
        return row[0] if row else None

    def _drop(self, name: str) -> None:
        if name in self._bound:
            kind = self._connection.execute(
                "SELECT table_type FROM information_schema.tables WHERE table_name = ?", [name]
            ).fetchone()
            word = "VIEW" if kind and kind[0] == "VIEW" else "TABLE"
            self._connection.execute(f"DROP {word} IF EXISTS {quoted(name)}")

    def _columns(self, reader: str) -> dict[str, str]:
        described = self._connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()  # noqa: S608
        return {str(row[0]): str(row[1]) for row in described}

    def _reader(self, source: Source) -> str:
        if isinstance(source, DuckDBTable):
            return f"{self._attached(source.path)}.{dotted(source.table)}"
        if isinstance(source, EngineTable):
            raise EngineError(
                f"The lake has no table '{source.table}'.",
                remedy="Name its database: `databases:` in campanile.yaml.",
            )
        if isinstance(source, MemoryRows) and len(source.rows) > _WRITTEN_OUT:
            return self._registered(source)
        return file_reader(source)

    def _registered(self, source: MemoryRows) -> str:
        """Many rows by hand, as texts that are cast where they are read."""
        import pyarrow.lib as pa  # brings numpy along: half a second

        name = f"__rows_{uuid.uuid4().hex[:12]}"
        columns = [
            pa.array([None if value is None else str(value) for value in values], pa.string())
            for values in zip(*source.rows, strict=True)
        ]
        self._connection.register(name, pa.Table.from_arrays(columns, names=list(source.schema)))
        items = ", ".join(
            f"CAST({quoted(c)} AS {SQL_TYPES[type_]}) AS {quoted(c)}"
            for c, type_ in source.schema.items()
        )
        return f"(SELECT {items} FROM {quoted(name)})"  # noqa: S608

    def _attached(self, path: Path) -> str:
        alias = f"src_{uuid.uuid5(uuid.NAMESPACE_URL, str(path)).hex[:12]}"
        self._connection.execute(
            f"ATTACH IF NOT EXISTS {literal(str(path))} AS {quoted(alias)} (READ_ONLY)"
        )
        return quoted(alias)
