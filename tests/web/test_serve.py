"""The service as a process of its own: what it has answered survives kill -9."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from campanile.store import events_tables, ledger_tables
from campanile.store.store import Store
from campanile.tracking.tokens import KeyRing
from campanile.web.limits import LARGEST_HEAD

KEYS = KeyRing({1: b"k" * 32}, current=1)
# The listening socket comes from the test, so that nobody has to wait for the port to open.
SERVER = """
import socket, sys
from functools import partial
from pathlib import Path
from campanile.operations.feedback.tracking import TrackingStore
from campanile.store.store import Store
from campanile.tracking.tokens import KeyRing
from campanile.web.serve import serve
from campanile.web.tracking import build_tracking_app

def build(folder):
    store = TrackingStore.of(Store.open(folder / "store"))
    return build_tracking_app(keys=KeyRing({1: b"k" * 32}, current=1), store=store, folder=folder)

if __name__ == "__main__":
    listener = socket.socket(fileno=int(sys.argv[2]))
    serve(partial(build, Path(sys.argv[1])), listener, workers=int(sys.argv[3]))
"""


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "store", lambda: datetime.now(UTC))
    for area, tables in (("events", events_tables), ("ledger", ledger_tables)):
        tables.metadata.create_all(opened.databases[area].engine)
    yield opened
    opened.close()


@contextmanager
def serving(folder, workers=1):
    script = folder / "server.py"
    script.write_text(SERVER)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        number = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, str(script), str(folder), str(number), str(workers)],
            pass_fds=[number],
            start_new_session=True,
            stderr=subprocess.PIPE,
        )
        port = listener.getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def opens(store):
    return [event.ordinal for event in store.events.read_events(0, 10_000)]


def test_what_was_answered_survives_kill_9(store, tmp_path):
    with serving(tmp_path) as (client, process):
        for ordinal in range(5):
            answer = client.get(f"/o/{KEYS.sign('track', 1, ordinal)}.gif")
            assert answer.status_code == 200
        assert "server" not in answer.headers
        process.kill()
        process.wait()

    assert opens(store) == [0, 1, 2, 3, 4]


def test_a_graceful_end_exits_and_leaves_nothing_behind(store, tmp_path):
    with serving(tmp_path) as (client, process):
        client.get(f"/o/{KEYS.sign('track', 1, 7)}.gif")
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        assert process.stderr is not None
        assert process.stderr.read() == b""

    assert opens(store) == [7]
    assert not list((tmp_path / "spool").glob("*"))


def test_several_workers_share_one_port_and_one_store(store, tmp_path):
    with serving(tmp_path, workers=2) as (client, process):
        for ordinal in range(10):  # each on a connection of its own, so that both workers get some
            answer = client.get(
                f"/o/{KEYS.sign('track', 1, ordinal)}.gif", headers={"Connection": "close"}
            )
            assert answer.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    assert sorted(opens(store)) == list(range(10))


def test_an_endless_request_head_is_cut_off(store, tmp_path):
    with serving(tmp_path) as (client, _process):
        client.get("/health")
        host, port = client.base_url.host, client.base_url.port
        with socket.create_connection((host, port), timeout=60) as raw:
            raw.sendall(b"GET /health HTTP/1.1\r\nX-Long: ")
            try:
                for _ in range(4 * LARGEST_HEAD // 1024):
                    raw.sendall(b"x" * 1024)
                answer = raw.recv(100)
            except ConnectionError:
                answer = b""

    assert answer == b""
