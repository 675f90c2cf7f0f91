"""Several processes with several threads use one store at once, from its first migration on."""

import multiprocessing
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import get_ident
from typing import Any

import pytest
from sqlalchemy import text

from campanile.store.events import NewEvent
from campanile.store.store import Store

SLOT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SLOTS = [SLOT + timedelta(minutes=5 * n) for n in range(12)]
PROCESSES, THREADS, WRITES = 3, 4, 10


def test_processes_with_threads_share_one_store_without_losing_or_doubling(location: Path | str):
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(PROCESSES)
    processes = [context.Process(target=_work, args=(location, together)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)

    assert [process.exitcode for process in processes] == [0] * PROCESSES
    store = Store.open(location)
    expected = PROCESSES * THREADS * WRITES
    assert sorted(each.slot for each in store.executions.of_campaign("welcome")) == SLOTS
    assert len(store.audit.entries("test", limit=10_000)) == expected
    assert len(store.events.read_events(0, store.events.watermark())) == expected
    store.close()


def test_a_write_transaction_in_sqlite_holds_the_lock_from_its_first_moment(tmp_path: Path):
    """Two that read before they write would otherwise fail half-way, one of them."""
    store = Store.open(tmp_path)
    impatient = sqlite3.connect(tmp_path / "control.sqlite", timeout=0, isolation_level=None)

    with (
        store.databases["control"].write(),
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        impatient.execute("BEGIN IMMEDIATE")

    impatient.execute("BEGIN IMMEDIATE")
    impatient.close()
    store.close()


def test_a_read_sees_one_moment(store: Store):
    with store.databases["control"].read() as connection:
        before = connection.execute(text("SELECT count(*) FROM audit")).scalar_one()
        store.audit.record("ana", "look", "test")
        after = connection.execute(text("SELECT count(*) FROM audit")).scalar_one()

    assert (before, after) == (0, 0)


def _work(location: Path | str, together: Any) -> None:
    store = Store.open(location, lambda: SLOT)
    together.wait(60)
    store.migrate()
    store.campaigns.save_version(
        "welcome", label="", source="", compiled={}, language_version=1, digest="d", by="ana"
    )
    store.campaigns.publish("welcome", 1, by="ana")
    together.wait(60)
    for slot in SLOTS:
        store.occurrences.claim("welcome", slot, claimed_by="process", overlap="allow")
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(_write, [store] * THREADS))
    store.close()


def _write(store: Store) -> None:
    for number in range(WRITES):
        store.audit.record("ana", "write", "test", thread=get_ident(), number=number)
        store.events.append([NewEvent(received_at=SLOT, kind="open")])
