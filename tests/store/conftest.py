"""Both forms of the store: SQLite files, and a PostgreSQL server of the test session's own."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text, update

from campanile.store.campaign_tables import campaign
from campanile.store.database import Database, open_databases
from campanile.store.execution_rows import Execution
from campanile.store.migration import METADATA
from campanile.store.new_executions import NewExecution
from campanile.store.store import Store

_NUMBERS = count(1)


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
def postgres_migrated(postgres_server: Any, postgres_admin: Engine) -> Iterator[Engine]:
    """Connections to the one migrated database that tests use in turn."""
    with postgres_admin.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    uri = postgres_server.get_uri(database="migrated", driver="psycopg2")
    store = Store.open(uri)
    store.migrate()
    store.close()
    engine = create_engine(uri)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with migrated files to copy."""
    folder = tmp_path_factory.mktemp("migrated")
    store = Store.open(folder)
    store.migrate()
    store.close()
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """Where an empty store is: a folder, or the URL of a fresh database (for other processes)."""
    if request.param == "sqlite":
        yield tmp_path / "store"
        return
    admin: Engine = request.getfixturevalue("postgres_admin")
    name = f"test_{next(_NUMBERS)}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield request.getfixturevalue("postgres_server").get_uri(database=name, driver="psycopg2")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


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
        engine: Engine = request.getfixturevalue("postgres_migrated")
        yield engine.url.render_as_string(hide_password=False)
        _empty(engine)


def _empty(engine: Engine) -> None:
    """Delete all rows: a hundred times quicker than a database for each test."""
    tables = [table for area in METADATA.values() for table in area.sorted_tables]
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in tables:
            connection.execute(table.delete())


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
def save_campaign(store: Store) -> Callable[..., int]:
    """Save a version of a campaign; return its number."""

    def save(name: str, digest: str = "d1") -> int:
        saved = store.campaigns.save_version(
            name,
            label=name.title(),
            source=f"name: {name}",
            compiled={"digest": digest, "activities": {}},
            language_version=1,
            digest=digest,
            by="ana",
        )
        return saved.version

    return save


@pytest.fixture
def live(store: Store, save_campaign: Callable[..., int]) -> Store:
    """The store with campaign `welcome`, version 1, live; no execution of it has begun."""
    save_campaign("welcome")
    store.campaigns.publish("welcome", 1, by="ana")
    with store.databases["control"].write() as connection:
        connection.execute(update(campaign).values(status="live"))
    return store


@pytest.fixture
def start(live: Store, clock: SettableClock) -> Callable[..., Execution]:
    """Create an execution of `welcome`."""

    def create(**changed: Any) -> Execution:
        wanted = {"campaign": "welcome", "version": 1, "kind": "manual", "mode": "live"}
        rest = {"requested_by": "ana", "due_at": clock.now}
        return live.executions.create(NewExecution(**{**wanted, **rest, **changed}))

    return create


@pytest.fixture
def begun(live: Store, start: Callable[..., Execution]) -> Execution:
    """A live execution of `welcome` whose first segment is under way."""
    created = start()
    live.segments.begin(
        created.id,
        "start",
        attempt=1,
        version=1,
        run_id="run-1",
        make_pins=lambda: {"entities": {}},
    )
    return live.executions.get(created.id)
