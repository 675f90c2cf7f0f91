"""The Dagster processes of a project (webserver, daemon, code server): started, watched, ended.

Nothing here imports Dagster: the processes are started by their command.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from threading import current_thread, main_thread
from typing import IO, Any

from campanile.errors import EngineError
from campanile.operations.hosting.graphql import ask
from campanile.operations.hosting.heartbeat import forget_ticks

HOST = "127.0.0.1"
_NOTE = "stack.json"
# What a recipient waits for (the tracking service) goes before what nobody waits for (runs): with
# two cores and all of it at work, that is the difference between 128 ms and the promised 50.
_NICENESS = 10
_POLL_SECONDS = 0.25
_DEATH_SECONDS = 1.0
_UNREACHED = "DagsterUserCodeUnreachableError"
_STATUS = """
query { workspaceOrError { __typename ... on Workspace { locationEntries {
  name loadStatus locationOrLoadError { __typename ... on PythonError { message } } } } } }
"""


@dataclass(frozen=True)
class RunningStack:
    """Where a stack runs, as its starter noted it; `pid` is the parent of all its processes."""

    url: str
    pid: int


def running_stack(state: Path) -> RunningStack | None:
    """Find the stack that serves the project of `state`; None when none runs."""
    path = state / _NOTE
    if not path.exists():
        return None
    noted = RunningStack(**json.loads(path.read_text()))
    return noted if _is_alive(noted.pid) else None


def prepare_home(home: Path) -> Path:
    """Give a Dagster home the product's settings, unless it has its own; return the workspace file.

    The two files are those in the root of the product's repository.
    """
    home.mkdir(parents=True, exist_ok=True)
    files = resources.files("campanile.operations.hosting") / "stack_files"
    for name in ("dagster.yaml", "workspace.yaml"):
        if not (home / name).exists():
            (home / name).write_text((files / name).read_text())
    return home / "workspace.yaml"


def stack_command(workspace: Path, port: int, host: str = HOST) -> list[str]:
    """Spell the command that starts all of them, a host of run workers too, under one parent."""
    services = [sys.executable, "-m", "campanile.orchestration.services"]
    return [*services, "-w", str(workspace), "-h", host, "-p", str(port)]


class Stack:
    """A stack of ours, in a process group of its own, so that nothing of it survives `stop`."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, state: Path) -> None:
        self._process = process
        self._state = state
        self._ended = False
        self.url = url

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        home: Path,
        state: Path,
        port: int,
        host: str = HOST,
        log: IO[bytes] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> "Stack":
        """Start `command` with `home` as DAGSTER_HOME; output goes to `log`, else to our own.

        Raises EngineError when a stack already serves the project.
        """
        there = running_stack(state)
        if there is not None:
            raise EngineError(
                f"the project is served already: {there.url} (process {there.pid}).",
                remedy="End that one with Ctrl-C first.",
            )
        environment = {**os.environ, **(environ or {}), "DAGSTER_HOME": str(home.resolve())}
        with _heard_interrupts():
            process = subprocess.Popen(  # noqa: S603  a command of ours, no shell
                list(command), env=environment, stdout=log, stderr=log, start_new_session=True
            )
        _give_way(process.pid)
        stack = cls(process, f"http://{host}:{port}", state)
        state.mkdir(parents=True, exist_ok=True)
        note = RunningStack(stack.url, process.pid)
        (state / _NOTE).write_text(json.dumps(asdict(note)))
        return stack

    @property
    def is_running(self) -> bool:
        """Whether the parent process lives."""
        return self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """What the parent ended with, negative when by a signal; None while it lives."""
        return self._process.poll()

    def wait_until_healthy(self, seconds: float = 600) -> None:
        """Return once the webserver answers and its code locations are loaded.

        A thousand campaigns load in half a minute of CPU, which on a busy machine is minutes.

        Raises EngineError when the stack ends, a location does not load, or time runs out.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.is_running:
                raise EngineError(f"the stack ended with status {self.exit_status}.")
            if _is_loaded(self.url):
                return
            time.sleep(_POLL_SECONDS)
        raise EngineError(f"{self.url} does not answer after {seconds:.0f} s.")

    def stop(self, seconds: float = 30) -> None:
        """End all processes: the parent is asked and given time, then the whole group is killed.

        Only the parent is signalled at first: signalled all at once, some stay alive (measured).
        Once ended, it is left alone: its process number may be somebody else's by then.
        """
        if self._ended:
            return
        self._ended = True
        if self.is_running:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        _kill_group(self._process.pid)
        (self._state / _NOTE).unlink(missing_ok=True)
        forget_ticks(self._state)


def _give_way(group: int) -> None:
    """Lower the priority of a process group, and of all that it will start."""
    with suppress(ProcessLookupError):  # it ended at once
        os.setpriority(os.PRIO_PGRP, group, os.getpriority(os.PRIO_PGRP, group) + _NICENESS)


@contextmanager
def _heard_interrupts() -> Iterator[None]:
    """Start processes that hear interrupts also where `nohup` or `&` handed down to ignore them."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if not ignored or current_thread() is not main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _kill_group(group: int) -> None:
    deadline = time.monotonic() + _DEATH_SECONDS
    try:
        os.killpg(group, signal.SIGKILL)
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.01)
    except ProcessLookupError:
        return  # nothing of it is left


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_loaded(url: str) -> bool:
    entries = _location_entries(url)
    for entry in entries:
        error = entry.get("locationOrLoadError") or {}
        if error.get("__typename") == "PythonError":
            if _UNREACHED in error["message"]:
                return False  # it is being started still: a busy machine takes its time
            raise EngineError(f"the code location does not load: {error['message'].strip()}")
    return bool(entries) and all(entry["loadStatus"] == "LOADED" for entry in entries)


def _location_entries(url: str) -> list[dict[str, Any]]:
    try:
        workspace = ask(url, _STATUS, seconds=10)["data"]["workspaceOrError"]
    except (OSError, ValueError):
        return []
    entries: list[dict[str, Any]] = workspace.get("locationEntries", [])
    return entries
