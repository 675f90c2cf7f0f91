"""The processes around a stage: started in groups of their own, and none of them outlives us."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

from campanile.errors import EngineError

HOST: Final = "127.0.0.1"
_GRACE_SECONDS: Final = 12.0
_READY_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05


class Processes:
    """Child processes by name, in the order they were started; output goes to `logs`/<name>.log.

    Signals of the terminal do not reach them: `stop` ends them, the last one first. Should this
    process die without doing so, the warden kills them.
    """

    def __init__(self, logs: Path, environ: Mapping[str, str] = MappingProxyType({})) -> None:
        self._logs = logs
        self._environ = {**os.environ, **environ}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)
        self._warden = self._popen("warden", ["-m", "campanile.demo.warden"], subprocess.PIPE)

    def __contains__(self, name: str) -> bool:
        return name in self._running

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        environ: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Start Python with `arguments`, and with the variables `environ` besides the usual."""
        process = self._popen(name, arguments, subprocess.DEVNULL, environ)
        self._running[name] = process
        self.guard(process.pid)

    def wait_for(self, name: str, port: int) -> None:
        """Return once a process listens on `port`.

        Raises EngineError when it ends before that, with the end of its log.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while not is_taken(port):
            if self._running[name].poll() is not None or time.monotonic() > deadline:
                raise EngineError(
                    f"{name} does not answer on port {port}: {self._last_words(name)}",
                    remedy=f"See {self.log(name)}.",
                )
            time.sleep(_POLL_SECONDS)

    def guard(self, group: int) -> None:
        """Have the warden kill a process group when this process dies."""
        self._tell(f"+{group}\n")

    def release(self, group: int) -> None:
        """Have the warden forget a process group that has ended."""
        self._tell(f"-{group}\n")

    def ended(self) -> list[str]:
        """Name the processes that ended by themselves."""
        return [name for name, process in self._running.items() if process.poll() is not None]

    def log(self, name: str) -> Path:
        """Where the output of a process is kept."""
        return self._logs / f"{name}.log"

    def kill(self, names: Sequence[str]) -> None:
        """Kill processes by name at once, as a crash of their machine would."""
        for name in names:
            process = self._running.pop(name)
            _kill_group(process)
            self.release(process.pid)

    def stop(self) -> None:
        """End all processes: each is asked, given time, then killed with what it started."""
        for process in reversed(self._running.values()):
            if process.poll() is None:
                process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_SECONDS)
            _kill_group(process)
            self.release(process.pid)
        self._running.clear()

    def close(self) -> None:
        """Let the warden go; call it last."""
        with suppress(BrokenPipeError):
            self._warden.communicate()

    def _tell(self, line: str) -> None:
        assert self._warden.stdin is not None
        self._warden.stdin.write(line.encode())
        self._warden.stdin.flush()

    def _popen(
        self,
        name: str,
        arguments: Sequence[str],
        stdin: int,
        environ: Mapping[str, str] = MappingProxyType({}),
    ) -> subprocess.Popen[bytes]:
        with self.log(name).open("ab") as log:
            return subprocess.Popen(  # noqa: S603  a command of ours, no shell
                [sys.executable, *arguments],
                env={**self._environ, **environ},
                stdin=stdin,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _last_words(self, name: str) -> str:
        lines = self.log(name).read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing."


def is_taken(port: int) -> bool:
    """Whether something on this machine answers on `port`."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def free_port(wanted: int, taken: Sequence[int] = ()) -> int:
    """Return `wanted` if nobody has it, else a port that nobody has."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            if found not in taken:
                return found
    raise EngineError(f"no free port on {HOST} instead of {wanted}.")


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
