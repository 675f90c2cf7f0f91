"""A session on PostgreSQL: views and stages are temporary, written tables are committed whole."""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp

from campanile.relations.relation import Relation
from campanile.relations.sql import SQL_TYPES
from campanile.relations.types import Schema, Type
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.postgres_failures import postgres_errors
from campanile.warehouse.postgres_tables import PREFIX, PostgresTables
from campanile.warehouse.readers import dotted, quoted
from campanile.warehouse.served import FoundColumn, ServedSession
from campanile.warehouse.sources import EngineTable, ParquetFiles
from campanile.warehouse.warehouse import WrittenTable

if TYPE_CHECKING:
    import pyarrow.lib as pa

_LONGEST_NAME = 63  # bytes; PostgreSQL cuts what is longer
_COLUMNS = (
    "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
    "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
)
_ZONED = "timestamp with time zone"
_EXACT = {
    "text": Type.TEXT,
    "bigint": Type.INTEGER,
    "double precision": Type.NUMBER,
    "boolean": Type.BOOLEAN,
    "date": Type.DATE,
    "timestamp without time zone": Type.TIMESTAMP,
}
_FITTING = {
    **dict.fromkeys(("smallint", "integer", "oid"), Type.INTEGER),
    **dict.fromkeys(("real", "numeric"), Type.NUMBER),
    _ZONED: Type.TIMESTAMP,
}


class PostgresSession(ServedSession):
    """Belongs to one connection; nothing but what `write` gives outlives it."""

    dialect: ClassVar[str] = "postgres"

    def __init__(self, connection: Any, tables: PostgresTables, lake: DuckDBLake) -> None:
        super().__init__(lake)
        self._connection = connection
        self._tables = tables

    def write(self, relation: Relation, directory: Path) -> WrittenTable:
        """Write a relation as a new table, in one transaction with its entry in the register."""
        started = time.perf_counter()
        name = self._tables.new_name(directory)
        item = self._tables.item(name)
        with postgres_errors("writing a table"):
            with self._tables.transaction() as cursor:
                cursor.execute(f"CREATE TABLE {item} AS {self._typed(relation)}")
                rows = cursor.rowcount
                self._tables.register(cursor, name, directory)
            self._execute(f"ANALYZE {item}")
        seconds = time.perf_counter() - started
        size, path = self._tables.size(name), Path(f"{PREFIX}{name}")
        return WrittenTable(path, rows, dict(relation.schema), size, seconds)

    @contextmanager
    def stage(self, relation: Relation, name: str | None = None) -> Iterator[Relation]:
        """The relation materialised once, for outputs that must agree; dropped at the end."""
        name = name or f"__stage_{uuid.uuid4().hex[:12]}"
        item = quoted(_short(name))
        with postgres_errors("preparing a table"):
            self._execute(f"CREATE TEMP TABLE {item} AS {self._typed(relation)}")
            self._execute(f"ANALYZE {item}")
        try:
            yield Relation.table(name, relation.schema, relation.key)
        finally:
            with postgres_errors("dropping a table"):
                self._execute(f"DROP TABLE {item}")

    def batches(self, relation: Relation, size: int = 20_000) -> Iterator["pa.RecordBatch"]:
        """Arrow batches in the relation's order; of about `size` rows, or of what a block holds.

        The session can answer nothing else until the last batch is taken.
        """
        from campanile.warehouse.postgres_copy import copy_out

        with postgres_errors("reading rows"):
            for batch in copy_out(self._connection, self._sql(relation), relation.schema):
                for start in range(0, batch.num_rows, size):
                    yield batch.slice(start, size)

    def table_rows(
        self, table: str, schema: Schema | None
    ) -> tuple[Schema, Iterator["pa.RecordBatch"]]:
        """All rows of a table of the company, brought to our types; it makes nothing there."""
        from campanile.warehouse.postgres_copy import copy_out

        source = EngineTable(table)
        wanted, query = self._query(table, source, schema, lenient=False, fill=False)
        return wanted, copy_out(self._connection, query, wanted)

    # ── PostgreSQL's own ways ───────────────────────────────────────────────────────────────────

    def _sql(self, relation: Relation) -> str:
        long = [t for t in relation.query.find_all(exp.Table) if _short(t.name) != t.name]
        if not long:
            return super()._sql(relation)
        query = relation.query.copy()
        for table in query.find_all(exp.Table):
            table.set("this", exp.to_identifier(_short(table.name), quoted=True))
        return query.sql(self.dialect)

    def _fetch(self, query: str) -> list[tuple[object, ...]]:
        with postgres_errors("reading rows"), self._connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def _execute(self, statement: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    def _view(self, name: str, query: str) -> None:
        item = quoted(_short(name))
        with postgres_errors(f"reading the source of '{name}'"):
            self._execute(f"DROP VIEW IF EXISTS pg_temp.{item}")
            self._execute(f"CREATE TEMP VIEW {item} AS {query}")

    def _found(self, item: str) -> Mapping[str, FoundColumn]:
        query = (
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            f"WHERE attrelid = '{item.replace(chr(39), chr(39) * 2)}'::regclass "
            "AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        return {str(name): _column(str(kind)) for name, kind in self._fetch(query)}

    def _in_place(self, table: str) -> str:
        return dotted(table)

    def _written(self, path: str) -> str | None:
        return self._tables.item(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None

    def _copied(self, path: str) -> str:
        name = self._tables.copy_name(path)
        item = self._tables.item(name)
        with postgres_errors("copying a file into PostgreSQL"):
            if self._tables.exists(name):
                return item
            with self._tables.alone(name) as cursor:
                if not self._tables.exists(name):
                    with self._read_by_lake(ParquetFiles((path,))) as (schema, batches):
                        self._create(f"TABLE {item}", schema)
                        self._fill(item, batches)
                    self._tables.register(cursor, name, Path(path))
            self._execute(f"ANALYZE {item}")
        return item

    def _brought(self, name: str, schema: Schema, batches: Iterator["pa.RecordBatch"]) -> str:
        item = quoted(f"brought_{uuid.uuid4().hex}")
        with postgres_errors(f"reading the source of '{name}'"):
            self._create(f"TEMP TABLE {item}", schema)
            self._fill(item, batches)
            self._execute(f"ANALYZE {item}")
        return f"pg_temp.{item}"

    def _create(self, what: str, schema: Schema) -> None:
        columns = [f"{quoted(name)} {_name_of(type_)}" for name, type_ in schema.items()]
        self._execute(f"CREATE {what} ({', '.join(columns)})")

    def _fill(self, item: str, batches: Iterator["pa.RecordBatch"]) -> None:
        from campanile.warehouse.postgres_copy import copy_in

        copy_in(self._connection, item, batches)


def _column(kind: str) -> FoundColumn:
    if kind in _EXACT:
        return FoundColumn(_EXACT[kind])
    return FoundColumn(_FITTING.get(kind, Type.TEXT), exact=False, zoned=kind == _ZONED)


def _name_of(type_: Type) -> str:
    """A column type as PostgreSQL writes it."""
    return exp.DataType.build(SQL_TYPES[type_]).sql("postgres")


def _short(name: str) -> str:
    """A name that PostgreSQL does not cut: two long names stay two."""
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    return f"{name[:40]}_{blake2b(name.encode(), digest_size=8).hexdigest()}"
