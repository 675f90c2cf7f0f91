"""The operational store's databases: how they are opened, and how a transaction begins.

SQLite is three files (control, ledger, events), so that bulk planning never blocks the tracker;
PostgreSQL is one database with the same tables. No transaction spans two of the three, and none
needs to.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Connection, DateTime, Dialect, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import TypeDecorator, TypeEngine

from campanile.errors import EngineError

AREAS = ("control", "ledger", "events")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime: microseconds since 1970 in SQLite, `timestamptz` in PostgreSQL."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive datetimes: a time without zone is a wrong time somewhere."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime given to the store")
        if dialect.name == "postgresql":
            return value
        return (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give back an aware UTC datetime."""
        if value is None or isinstance(value, datetime):
            return None if value is None else value.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=int(value))


@dataclass(frozen=True)
class Database:
    """One of the three areas of the store: an engine and how its transactions begin."""

    area: str
    engine: Engine

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded form."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent read of one moment; nothing can be changed by accident.

        Raises EngineError when the store cannot be reached or its disk is full.
        """
        with _store_errors(self.area), self.engine.connect() as connection:
            if not self.is_sqlite:  # SQLite reads one moment anyway
                connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            yield connection
            connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction that takes its lock at once (SQLite: BEGIN IMMEDIATE).

        Keep it under 50 ms and 5,000 rows: one long transaction stops the tracker for seconds.
        Raises EngineError when the store cannot be reached or its disk is full.
        """
        with _store_errors(self.area), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.execution_options(campanile_write=True)
            with connection.begin():
                yield connection


@contextmanager
def _store_errors(area: str) -> Iterator[None]:
    """Say what the database said, without the statement and its values."""
    try:
        yield
    except OperationalError as error:
        said = (str(error.orig).splitlines() or ["no reason given"])[0].strip().rstrip(".")
        raise EngineError(
            f"the store ({area}) cannot be used: {said}.",
            remedy="Is its disk full, or its server down? What was committed is safe.",
        ) from error


def open_databases(location: Path | str) -> dict[str, Database]:
    """Open the three areas below a folder (SQLite) or in one PostgreSQL database (a URL).

    PostgreSQL URLs need the `postgresql+psycopg2` scheme and the extra `postgres`.
    """
    text = str(location)
    if "://" in text:
        engine = create_engine(make_url(text), pool_pre_ping=True, pool_size=5, max_overflow=10)
        return {area: Database(area, engine) for area in AREAS}
    folder = Path(location)
    folder.mkdir(parents=True, exist_ok=True)
    return {area: Database(area, _open_sqlite(folder / f"{area}.sqlite")) for area in AREAS}


def _open_sqlite(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves; the driver would say it too late
    for pragma in ("busy_timeout=30000", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()
    _enter_wal(connection)


def _enter_wal(connection: Any) -> None:
    """Turn write-ahead logging on; the busy timeout does not cover two doing it at once."""
    deadline = time.monotonic() + 30
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("campanile_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
