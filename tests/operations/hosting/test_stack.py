"""A child process of the stack's kind: a parent with a child that does not listen."""

import json
import os
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from campanile.errors import EngineError
from campanile.operations.hosting.reload import request_reload
from campanile.operations.hosting.stack import Stack, prepare_home, running_stack

FAMILY = """
import os, signal, subprocess, sys, time
deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", deaf])
open(sys.argv[1], "w").write(str(child.pid))
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
try:
    time.sleep(600)
except KeyboardInterrupt:
    pass
"""


@pytest.fixture
def start(tmp_path):
    stacks = []

    def started(manners="polite", port=1):
        command = [sys.executable, "-c", FAMILY, str(tmp_path / "child"), manners]
        stack = Stack.start(command, home=tmp_path / "home", state=tmp_path, port=port)
        stacks.append(stack)
        while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text():
            assert stack.is_running, stack.exit_status
        return stack

    yield started
    for stack in stacks:
        stack.stop(0.1)


@pytest.mark.parametrize("manners", ["polite", "deaf"])
def test_nothing_of_a_stack_survives_its_end(start, tmp_path, manners):
    stack = start(manners)
    child = int((tmp_path / "child").read_text())

    stack.stop(seconds=5 if manners == "polite" else 0.1)

    assert not stack.is_running
    assert is_gone(child)
    assert running_stack(tmp_path) is None


def test_a_stack_and_what_it_starts_give_way_to_whoever_answers_a_recipient(start, tmp_path):
    start()
    child = int((tmp_path / "child").read_text())

    assert os.getpriority(os.PRIO_PROCESS, child) > os.getpriority(os.PRIO_PROCESS, 0)


def test_a_stack_hears_interrupts_where_its_starter_ignores_them(start):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        stack = start()
        stack.stop(seconds=60)  # would be waited for in vain
    finally:
        signal.signal(signal.SIGINT, before)

    assert not stack.is_running


def test_a_home_gets_the_settings_of_the_repository_and_keeps_its_own(tmp_path):
    root = Path(__file__).parents[3]
    home = tmp_path / "home"

    workspace = prepare_home(home)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}")
    prepare_home(home)

    assert workspace.read_text() == (root / "workspace.yaml").read_text()
    assert (home / "dagster.yaml").read_text() == "telemetry: {enabled: false}"
    packaged = (
        root / "src" / "campanile" / "operations" / "hosting" / "stack_files" / "dagster.yaml"
    )
    assert packaged.read_text() == (root / "dagster_home" / "dagster.yaml").read_text()


def test_a_project_is_served_once(start):
    start()

    with pytest.raises(EngineError, match="served already"):
        start()


def test_a_stack_that_ended_is_not_waited_for(start):
    stack = start()
    stack.stop(5)

    with pytest.raises(EngineError, match="ended with status"):
        stack.wait_until_healthy(5)


def is_gone(pid):
    """Whether a process is dead; a zombie that nobody has reaped is."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


@pytest.fixture
def webserver(tmp_path):
    """Counts reloads; answers that the location loads."""
    reloads = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            reloads.append(self.path)
            self.send_response(200)
            self.end_headers()
            entry = b'{"__typename": "WorkspaceLocationEntry", "loadStatus": "LOADED"}'
            self.wfile.write(b'{"data": {"reloadRepositoryLocation": ' + entry + b"}}")

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, reloads
    server.shutdown()
    thread.join()
    server.server_close()


def test_publishes_within_five_seconds_share_one_reload(start, webserver, tmp_path):
    port, reloads = webserver
    start(port=port)
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    meanwhile = []

    def pause(seconds):
        assert seconds == 3
        meanwhile.extend(request_reload(tmp_path, clock=lambda: now) for _ in range(3))

    first = request_reload(tmp_path, clock=lambda: now, pause=pause)
    second = request_reload(tmp_path, clock=lambda: now + timedelta(seconds=2), pause=pause)

    assert (first, second) == ("reloaded", "reloaded")
    assert meanwhile == ["shared"] * 3
    assert len(reloads) == 2


def test_without_a_stack_there_is_nothing_to_reload(tmp_path):
    assert request_reload(tmp_path) == "not running"


def test_a_reload_nobody_answers_is_an_error_that_says_so(start, webserver, tmp_path):
    start(port=1)

    with pytest.raises(EngineError, match="did not reload"):
        request_reload(tmp_path)


def test_a_code_server_that_is_still_being_started_is_waited_for(start):
    unreached = {"__typename": "PythonError", "message": "dagster.DagsterUserCodeUnreachableError"}
    answers = [unreached, unreached, {"__typename": "RepositoryLocation"}]

    class Webserver(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            entry = {"name": "campaigns", "loadStatus": "LOADED"}
            entry["locationOrLoadError"] = answers.pop(0)
            told = {"data": {"workspaceOrError": {"locationEntries": [entry]}}}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Webserver) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        start(port=server.server_port).wait_until_healthy(30)
        server.shutdown()
        serving.join()
    assert answers == []
