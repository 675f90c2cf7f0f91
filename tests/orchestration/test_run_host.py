"""A real host in a process of its own, with work that is simple, and once with a run of Dagster."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.code_pointer import FileCodePointer
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.launcher import LaunchRunContext, WorkerStatus

from campanile.orchestration.launcher import HOST_TAG, HealthCheckedRunLauncher

_HOST = """
import sys, time
from pathlib import Path
from campanile.orchestration.run_host import RunHost, listening

def work(run_id, instance):
    if run_id == "raise":
        raise RuntimeError("no")
    if run_id.startswith("long"):
        Path(instance).write_text(str(__import__("os").getpid()))
        time.sleep(60)
    if run_id == "short":
        time.sleep(0.3)
    return int(instance)

with listening(Path(sys.argv[1])) as listener:
    RunHost(listener, work).serve(sys.stdin.fileno())
"""
_JOBS = """
import os
import dagster as dg

@dg.op
def hello(): pass

@dg.op
def die(): os._exit(9)

@dg.op
def wait():
    import time
    time.sleep(60)

@dg.job(executor_def=dg.in_process_executor)
def greeting(): hello()

@dg.job(executor_def=dg.in_process_executor)
def dying(): die()

@dg.job(executor_def=dg.in_process_executor)
def waiting(): wait()

@dg.repository
def jobs(): return [greeting, dying, waiting]
"""


@dataclass
class Host:
    process: subprocess.Popen[bytes]
    place: str

    def connect(self, question: dict[str, str]) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.place)
        connection.sendall(json.dumps(question).encode() + b"\n")
        return connection

    def ask(self, question: dict[str, str]) -> list[dict[str, int]]:
        """All lines of the answer; those of a start come when the worker has ended."""
        with self.connect(question) as connection:
            return [json.loads(line) for line in connection.makefile()]


def _start(home: Path, command: list[str]) -> Iterator[Host]:
    process = subprocess.Popen(
        [sys.executable, *command, str(home)],
        stdin=subprocess.PIPE,
        env={**os.environ, "DAGSTER_HOME": str(home)},
    )
    note = home / "run_host"
    _until(lambda: note.exists() or process.poll() is not None)
    yield Host(process, note.read_text())
    process.stdin.close()
    process.wait(30)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    yield from _start(tmp_path, ["-c", _HOST])


def _until(what, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_run_has_a_process_of_its_own_whose_end_is_told(host):
    started, ended = host.ask({"start": "run", "instance": "7"})

    assert started["pid"] not in (host.process.pid, os.getpid())
    assert ended == {"status": 7}


def test_an_error_ends_the_worker_and_not_the_host(host):
    assert host.ask({"start": "raise", "instance": ""})[1] == {"status": 1}
    assert host.ask({"start": "run", "instance": "0"})[1] == {"status": 0}


def test_nonsense_is_not_answered_and_does_no_harm(host):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(host.place)
        connection.sendall(b"nonsense\n")
        assert connection.recv(1) == b""
    assert host.ask({"alive": "run"}) == [{"alive": False}]


def test_a_worker_is_alive_until_it_is_cancelled(host, tmp_path):
    long = host.connect({"start": "long", "instance": str(tmp_path / "pid")})
    _until((tmp_path / "pid").exists)

    assert host.ask({"alive": "long"}) == [{"alive": True}]
    assert host.ask({"cancel": "long"}) == [{"cancel": True}]
    with long:
        assert json.loads(long.makefile().readlines()[1])["status"] == 1
    assert host.ask({"alive": "long"}) == [{"alive": False}]


def test_a_host_that_is_killed_takes_its_workers_with_it(host, tmp_path):
    paths = [tmp_path / "one", tmp_path / "two"]
    with ExitStack() as open_connections:
        for number, path in enumerate(paths):
            asked = {"start": f"long{number}", "instance": str(path)}
            open_connections.enter_context(host.connect(asked))
        _until(lambda: all(path.exists() and path.read_text() for path in paths))

        host.process.send_signal(signal.SIGKILL)

        _until(lambda: not any(_is_alive(int(path.read_text())) for path in paths))


def test_an_orderly_end_lets_workers_finish(host):
    with host.connect({"start": "short", "instance": "3"}) as connection:
        lines = connection.makefile()
        lines.readline()
        host.process.stdin.close()

        assert json.loads(lines.readline()) == {"status": 3}
    assert host.process.wait(30) == 0


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A real instance in a folder, and a run host of the product beside it."""
    settings = {
        "run_launcher": {
            "module": "campanile.orchestration.launcher",
            "class": "HealthCheckedRunLauncher",
        },
        "telemetry": {"enabled": False},
    }
    (tmp_path / "dagster.yaml").write_text(json.dumps(settings))
    (tmp_path / "jobs.py").write_text(_JOBS)
    for _ in _start(tmp_path, ["-m", "campanile.orchestration.run_host"]):
        with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
            yield opened


def _launch(instance: dg.DagsterInstance, job: str) -> str:
    pointer = FileCodePointer(f"{instance.root_directory}/jobs.py", "jobs", None)
    found = ReconstructableRepository(pointer).get_reconstructable_job(job)
    run = instance.create_run_for_job(
        found.get_definition(), job_code_origin=found.get_python_origin()
    )
    assert isinstance(instance.run_launcher, HealthCheckedRunLauncher)
    instance.run_launcher.launch_run(LaunchRunContext(run, None))
    return run.run_id


def test_runs_of_dagster_end_as_they_should(instance):
    good, dying, waiting = (_launch(instance, job) for job in ("greeting", "dying", "waiting"))

    def of(run_id: str) -> dg.DagsterRun:
        return instance.get_run_by_id(run_id)

    _until(lambda: of(waiting).status == dg.DagsterRunStatus.STARTED)
    launcher = instance.run_launcher
    assert launcher.check_run_worker_health(of(waiting)).status == WorkerStatus.RUNNING
    assert launcher.terminate(waiting)
    _until(lambda: all(of(each).is_finished for each in (good, dying, waiting)))
    assert [of(each).status.name for each in (good, dying, waiting)] == [
        "SUCCESS",
        "FAILURE",
        "CANCELED",
    ]
    assert HOST_TAG in of(good).tags
    assert launcher.check_run_worker_health(of(good)).status == WorkerStatus.FAILED
