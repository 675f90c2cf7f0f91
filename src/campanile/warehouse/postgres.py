"""The company's PostgreSQL as the warehouse: entities in place, our tables in a schema of ours."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import psycopg2

from campanile.relations.types import Schema
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.layout import Layout
from campanile.warehouse.postgres_failures import postgres_errors
from campanile.warehouse.postgres_session import PostgresSession
from campanile.warehouse.postgres_tables import PostgresTables

if TYPE_CHECKING:
    import pyarrow.lib as pa

_LOCK_TIMEOUT = timedelta(seconds=30)


@dataclass(frozen=True)
class PostgresServer:
    """A database and how long one statement may take there; `url` is libpq's, password included."""

    url: str = field(repr=False)
    timeout: timedelta = timedelta(minutes=30)

    def connect(self) -> Any:
        """A connection in UTC that commits each statement, unless a transaction is begun."""
        settings = {
            "statement_timeout": int(self.timeout.total_seconds() * 1000),
            "lock_timeout": int(_LOCK_TIMEOUT.total_seconds() * 1000),
            "TimeZone": "UTC",
            "standard_conforming_strings": "on",
            "client_encoding": "UTF8",
            "extra_float_digits": 1,
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        with postgres_errors("connecting to PostgreSQL"):
            opened = psycopg2.connect(self.url, options=options, application_name="campanile")
        opened.autocommit = True
        return opened


@dataclass(frozen=True)
class PostgresWarehouse(Layout):
    """Tables of the company are read in place; working tables are real tables in `schema`."""

    lake: DuckDBLake
    server: PostgresServer
    schema: str = "campanile"

    engine: ClassVar[str] = "postgresql"
    reads_tables: ClassVar[bool] = True

    @contextmanager
    def session(self) -> Iterator[PostgresSession]:
        """A session on a connection of its own; a transaction is one statement or one write."""
        connection = self.server.connect()
        try:
            tables = PostgresTables(connection, self.schema, self.root)
            tables.prepare()
            yield PostgresSession(connection, tables, self.lake)
        finally:
            connection.close()

    def rehearsing(self, folder: Path) -> "PostgresWarehouse":
        """The same data, with working tables that `drop_below(folder)` deletes."""
        return replace(self, scratch=folder / "work", lake=self.lake.rehearsing(folder))

    def drop_tables(self, paths: Iterable[str]) -> None:
        """Delete our tables, files of the lake, and the copies that were made of these."""
        paths = list(paths)
        self.lake.drop_tables(path for path in paths if Path(path).is_absolute())
        with self._tables() as tables:
            tables.drop([name for path in paths if (name := tables.named(path))])

    def drop_below(self, directory: Path) -> None:
        """Delete what was written to a directory or below it, files and tables."""
        self.lake.drop_below(directory)
        with self._tables() as tables:
            tables.drop(tables.below(directory))

    @contextmanager
    def _tables(self) -> Iterator[PostgresTables]:
        connection = self.server.connect()
        try:
            with postgres_errors("dropping tables"):
                tables = PostgresTables(connection, self.schema, self.root)
                tables.prepare()
                yield tables
        finally:
            connection.close()


@contextmanager
def table_rows(
    server: PostgresServer, table: str, schema: Schema | None
) -> Iterator[tuple[Schema, Iterator["pa.RecordBatch"]]]:
    """All rows of a table of a database as they are in one moment; reading is all it needs."""
    connection = server.connect()
    nowhere = Path()
    try:
        session = PostgresSession(
            connection, PostgresTables(connection, "", nowhere), DuckDBLake(nowhere)
        )
        with postgres_errors(f"reading table '{table}'"):
            yield session.table_rows(table, schema)
    finally:
        connection.close()


def table_columns(server: PostgresServer, table: str) -> Schema:
    """The columns of a table of a database, in our types."""
    with table_rows(server, table, None) as (schema, _):
        return schema
