"""The shop in a PostgreSQL of its own, and what a campaign leaves there."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import duckdb
import psycopg2

from benchmarks.deployed.server import Server, postgres_server
from benchmarks.process_cpu import parent_of

# Roles have the memory that docs/how-to/engines.md gives ours; nobody cleans up while we measure.
_SETTINGS = (
    "ALTER SYSTEM SET work_mem = '256MB'",
    "ALTER SYSTEM SET autovacuum = off",
    "ALTER SYSTEM SET max_wal_size = '4GB'",
    "SELECT pg_reload_conf()",
)
_TABLES = (
    """CREATE TABLE shop.customers (
      customer_id bigint PRIMARY KEY, email text, first_name text, tier text, country text,
      email_ok boolean, birth_date date, last_seen timestamp, store_id text
    )""",
    """CREATE TABLE shop.orders (
      order_id bigint PRIMARY KEY, customer_id bigint, store_id text, status text,
      amount double precision, placed_at timestamp
    )""",
    "CREATE TABLE shop.stores (store_id text PRIMARY KEY, city text)",
)


@dataclass(frozen=True)
class PostgresEngine:
    """A database `shop` with the entities in the schema `shop`, indexed and analyzed."""

    server: Server

    name: ClassVar[str] = "postgresql"
    hand_place: ClassVar[str] = "hand"

    @property
    def url(self) -> str:
        """The database, as libpq has it."""
        return (
            f"postgresql://postgres@/shop?host={self.server.admin_socket}&port={self.server.port}"
        )

    @property
    def process(self) -> int:
        """The server's first process, which all others are children of."""
        with closing(psycopg2.connect(self.url)) as connection:
            return parent_of(connection.get_backend_pid())

    @property
    def warehouse(self) -> Mapping[str, str]:
        """The settings of a project on it."""
        return {"engine": self.name, "location": self.url}

    def clear_hand(self) -> None:
        """Drop what the script left; what was written so far is on disk before it begins."""
        self._psql("DROP SCHEMA IF EXISTS hand CASCADE", "CREATE SCHEMA hand", "CHECKPOINT")

    def clear_product(self) -> None:
        """Drop what the product left; what was written so far is on disk before it begins."""
        self._psql("DROP SCHEMA IF EXISTS campanile CASCADE", "CHECKPOINT")

    def exported(self, written: str, file: Path) -> str:
        """A table of a run (the product's by its path) as a file that DuckDB reads."""
        schema, table = "hand", written
        if written.startswith("postgresql:"):
            schema, table = "campanile", written.removeprefix("postgresql:")
        query = f'COPY "{schema}"."{table}" TO STDOUT (FORMAT csv, HEADER)'
        with closing(psycopg2.connect(self.url)) as connection, file.open("w") as out:
            connection.cursor().copy_expert(query, out)
        return str(file)

    def load(self, data: Path, scratch: Path) -> None:
        """Copy the entities in."""
        self._psql("CREATE SCHEMA shop", *_TABLES)
        for file in sorted(data.glob("*.parquet")):
            text = scratch / f"{file.stem}.csv"
            duckdb.sql(f"COPY (FROM '{file}') TO '{text}' (FORMAT csv, HEADER)")
            self._psql(f"\\copy shop.{file.stem}s FROM '{text}' (FORMAT csv, HEADER)")
            text.unlink()
        self._psql("CREATE INDEX ON shop.orders (customer_id)", "VACUUM ANALYZE")

    def _psql(self, *statements: str) -> None:
        self.server.psql(*[word for each in statements for word in ("-c", each)], database="shop")


@contextmanager
def opened_postgres(data: Path, scratch: Path) -> Iterator[PostgresEngine]:
    """A server with the entities in it, gone at the end."""
    with postgres_server() as server:
        settings = [word for each in _SETTINGS for word in ("-c", each)]
        server.psql(*settings, "-c", "CREATE DATABASE shop")
        engine = PostgresEngine(server)
        engine.load(data, scratch)
        yield engine
