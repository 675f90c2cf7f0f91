"""The host of run workers: it has everything imported, and forks one process for each run.

A fresh interpreter needs seconds of imports before its first step; a fork needs none. The host asks
nothing of Dagster and opens nothing: what a run needs it opens itself, in its own process, which
ends with the run. A host that is gone takes its workers with it.
"""

import gc
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

Work = Callable[[str, str], int]
NOTE = "run_host"
_DRAIN_SECONDS = 10.0
_REQUEST_SECONDS = 5.0


@dataclass
class RunHost:
    """Answers one JSON line with one; `work(run_id, instance)` is done in a process of its own.

    `{"start": run, "instance": ref}` is answered with the process number, and on the same
    connection once more when the process has ended, with its status. `{"alive": run}` and
    `{"cancel": run}` (an interrupt, as Ctrl-C is one) are answered with whether it runs.
    """

    listener: socket.socket
    work: Work
    _workers: dict[int, tuple[str, socket.socket]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._life = os.pipe()  # its writing end is the host's alone: end of file means it is gone
        self._woken, self._wake = socket.socketpair()
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        self._selector = selectors.DefaultSelector()

    def serve(self, parent: int) -> None:
        """Serve until `parent`, a descriptor, is at its end; then give workers time to end."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end of the parent says it
        signal.set_wakeup_fd(self._wake.fileno())
        for source in (self.listener, self._woken, parent):
            self._selector.register(source, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in self._selector.select()}
            self._reap()
            if self.listener in ready:
                self._answer()
            if parent in ready and not os.read(parent, 1):
                return self._drain()

    def _answer(self) -> None:
        connection, _ = self.listener.accept()
        connection.settimeout(_REQUEST_SECONDS)
        try:
            asked = json.loads(connection.makefile().readline())
        except (OSError, ValueError):
            connection.close()
            return
        if "start" in asked:
            pid = self._fork(asked["start"], asked["instance"])
            self._workers[pid] = (asked["start"], connection)
            _tell(connection, {"pid": pid})
            return
        _tell(connection, self._told_of_worker(asked))
        connection.close()

    def _told_of_worker(self, asked: Mapping[str, str]) -> dict[str, bool]:
        (question, run_id), *_ = asked.items()
        pid = next((pid for pid, (run, _) in self._workers.items() if run == run_id), None)
        if pid is not None and question == "cancel":
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        return {question: pid is not None}

    def _reap(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                _, connection = self._workers.pop(pid)
                _tell(connection, {"status": os.waitstatus_to_exitcode(status)})
                connection.close()

    def _drain(self) -> None:
        deadline = time.monotonic() + _DRAIN_SECONDS
        self._selector.unregister(self.listener)
        while self._workers and (left := deadline - time.monotonic()) > 0:
            self._selector.select(min(left, 1))
            self._reap()

    def _fork(self, run_id: str, instance: str) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._be_worker(run_id, instance)
        return pid

    def _be_worker(self, run_id: str, instance: str) -> NoReturn:
        status = 1
        try:
            self._leave_host()
            status = self.work(run_id, instance)
        except BaseException:  # noqa: BLE001  the process ends here, whatever it was
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _leave_host(self) -> None:
        """Let go of what is the host's, and end with it."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._selector.close()
        for each in (self.listener, self._woken, self._wake):
            each.close()
        for _, connection in self._workers.values():
            connection.close()
        self._workers.clear()
        life, held = self._life
        os.close(held)
        threading.Thread(target=_end_with, args=(life,), daemon=True, name="life").start()


def _end_with(life: int) -> None:
    os.read(life, 1)
    os._exit(1)


def _tell(connection: socket.socket, answer: Mapping[str, Any]) -> None:
    with suppress(OSError):  # nobody listens any more
        connection.sendall(json.dumps(answer).encode() + b"\n")


@contextmanager
def listening(home: Path) -> Iterator[socket.socket]:
    """Listen in a folder only this user can enter, noted in the Dagster home for launchers."""
    with (
        tempfile.TemporaryDirectory(prefix="campanile-") as folder,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        place = Path(folder) / "runs"
        listener.bind(str(place))
        listener.listen()
        note = home / NOTE
        note.write_text(str(place))
        try:
            yield listener
        finally:
            note.unlink(missing_ok=True)


def main() -> None:
    """Import what runs need, then serve until standard input ends: `run_host HOME`."""
    from campanile.orchestration.run_worker import execute_run, preload

    preload()
    gc.collect()
    gc.freeze()  # what is shared with the workers is not copied for a collection's sake
    with listening(Path(sys.argv[1])) as listener:
        RunHost(listener, execute_run).serve(sys.stdin.fileno())


if __name__ == "__main__":
    main()
