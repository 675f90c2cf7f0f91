"""The service of a project: its Dagster stack, tracking and API, ended together."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any
from urllib.parse import urlsplit

from campanile.errors import EngineError, Refused
from campanile.operations.hosting.stack import HOST, Stack, prepare_home, stack_command

_TRACKING = (
    "import sys; from pathlib import Path; from campanile.web.serve import serve_tracking; "
    "serve_tracking(Path(sys.argv[1]), host=sys.argv[2], port=int(sys.argv[3]))"
)
_API = (
    "import sys; from pathlib import Path; from campanile.web.api.serve import serve_api; "
    "serve_api(Path(sys.argv[1]), host=sys.argv[2], port=int(sys.argv[3]))"
)
_POLL_SECONDS = 0.25
_HEALTH_SECONDS = 60.0
_END_SECONDS = 20.0


class Service:
    """Children with absolute DAGSTER_HOME and CAMPANILE_PROJECT; use it as a context manager."""

    def __init__(self, *, folder: Path, home: Path, state: Path, log: Path) -> None:
        self.log = log
        self._folder = folder.resolve()
        self._home = home.resolve()
        self._state = state
        self._stack: Stack | None = None
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._output: IO[bytes] | None = None
        self._former: dict[int, Any] = {}

    def __enter__(self) -> "Service":
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._output = self.log.open("ab")
        # SIGINT too: a shell starts what runs in the background with it ignored.
        self._former = {n: signal.signal(n, _interrupt) for n in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End every process that was started, whatever happened."""
        for number, handler in self._former.items():
            signal.signal(number, handler)
        try:
            for child in self._children.values():
                _end(child)
        finally:
            if self._stack is not None:
                self._stack.stop()
            if self._output is not None:
                self._output.close()

    def start_dagster(self, port: int) -> str:
        """Start the stack and wait until it is healthy; returns its address."""
        _require_free(port, "--port")
        self._stack = Stack.start(
            stack_command(prepare_home(self._home), port),
            home=self._home,
            state=self._state,
            port=port,
            log=self._output,
            environ=self._environment(),
        )
        self._stack.wait_until_healthy()
        return self._stack.url

    def start_tracking(self, base_url: str, port: int | None) -> str:
        """Start the tracking service and wait until it listens; returns its address."""
        chosen = port or urlsplit(base_url).port or 8400
        return self._start("tracking service", _TRACKING, chosen, "--tracking-port")

    def start_api(self, port: int) -> str:
        """Start the API and wait until it listens; returns its address."""
        return self._start("API", _API, port, "--api-port")

    def _start(self, what: str, program: str, port: int, option: str) -> str:
        _require_free(port, option)
        child = subprocess.Popen(  # noqa: S603  a command of ours, no shell
            [sys.executable, "-c", program, str(self._folder), HOST, str(port)],
            env=self._environment(),
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
        )
        self._children[what] = child
        deadline = time.monotonic() + _HEALTH_SECONDS
        while not _listens(port):
            if child.poll() is not None or time.monotonic() > deadline:
                raise EngineError(
                    f"the {what} does not listen on port {port}.",
                    remedy=f"Its output is in {self.log}.",
                )
            time.sleep(_POLL_SECONDS)
        return f"http://{HOST}:{port}"

    def wait(self) -> None:
        """Return when one of the processes ends (EngineError), or on Ctrl-C."""
        try:
            while True:
                if self._stack is not None and not self._stack.is_running:
                    raise EngineError("Dagster has ended.", remedy=f"See {self.log}.")
                for what, child in self._children.items():
                    if child.poll() is not None:
                        raise EngineError(f"the {what} has ended.", remedy=f"See {self.log}.")
                time.sleep(_POLL_SECONDS)
        except KeyboardInterrupt:
            return

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DAGSTER_HOME": str(self._home),
            "CAMPANILE_PROJECT": str(self._folder),
        }


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _require_free(port: int, option: str) -> None:
    if _listens(port):
        raise Refused(f"port {port} is taken.", remedy=f"Choose another: {option}.")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to answer what was begun and end; kill its group when it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
