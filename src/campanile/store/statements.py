"""Statements that SQLite and PostgreSQL write alike, but SQLAlchemy spells per dialect."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

BATCH = 5_000  # rows of one write transaction; more would hold up everyone else


def insert_missing(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert `row` unless a unique constraint already holds it; say whether it was inserted."""
    return connection.execute(_insert(connection, table).values(**row)).rowcount == 1


def insert_all_missing(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert those of `rows` that are not there yet."""
    if rows:
        connection.execute(_insert(connection, table), rows)


def batches(rows: Iterable[Mapping[str, Any]], size: int = BATCH) -> Iterator[list[Any]]:
    """Cut `rows` into lists of at most `size`, reading no further than needed."""
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield batch


def _insert(connection: Connection, table: Table) -> Any:
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    return insert(table).on_conflict_do_nothing()
