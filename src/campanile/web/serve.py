"""Running the tracking service: one process, or several that share the port and the store."""

import logging
import signal
import socket
from collections.abc import Callable
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from campanile.operations.feedback.tracking import TrackingStore
from campanile.settings.keys import project_keys
from campanile.settings.project import open_project
from campanile.web.limits import HeadLimitedProtocol
from campanile.web.live_keys import LiveKeys
from campanile.web.tracking import TrackingApp, build_tracking_app

_LOGGER = logging.getLogger("campanile.web")
_GRACE_SECONDS = 10


def bind(host: str = "127.0.0.1", port: int = 8025) -> socket.socket:
    """Open the listening socket; port 0 takes any free one (see `getsockname`)."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


def serve(build: Callable[[], ASGIApp], listener: socket.socket, *, workers: int = 1) -> None:
    """Serve until SIGTERM or SIGINT, then answer what was begun and end.

    `build` makes the application and is called once in each process; with several workers it must
    be importable (a module-level function or a `functools.partial` of one). A worker that dies is
    started again. No access log is written: it would hold client addresses and tokens.
    """
    if workers == 1:
        _run(build, listener)
    else:
        _Workers(build, listener, workers).run()


def serve_tracking(
    folder: Path, *, host: str = "127.0.0.1", port: int = 8025, workers: int = 1
) -> None:
    """Serve the tracking side of the project in `folder` until the process is told to end."""
    with closing(bind(host, port)) as listener:
        serve(partial(build_project_app, folder), listener, workers=workers)


def build_project_app(folder: Path) -> TrackingApp:
    """Open a project and build its tracking application; what each worker process does."""
    project = open_project(folder, sends=False)
    return build_tracking_app(
        keys=LiveKeys(lambda: project_keys(project.state)),
        store=TrackingStore.of(project.store),
        folder=project.state / "tracking",
        clock=project.clock,
    )


def _run(build: Callable[[], ASGIApp], listener: socket.socket) -> None:
    config = uvicorn.Config(
        build(),
        http=HeadLimitedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        limit_concurrency=4_096,
        backlog=2_048,
    )
    uvicorn.Server(config).run(sockets=[listener])


class _Workers:
    """Starts the workers, keeps their number, and ends them together."""

    def __init__(self, build: Callable[[], ASGIApp], listener: socket.socket, count: int) -> None:
        self._build = build
        self._listener = listener
        self._count = count
        self._ending = False
        self._context = get_context("spawn")  # never fork: the parent may hold threads

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        workers = [self._start() for _ in range(self._count)]
        while not self._ending:
            for place, worker in enumerate(workers):
                worker.join(0.25)
                if worker.exitcode is not None and not self._ending:
                    _LOGGER.error("a tracking worker ended with %s", worker.exitcode)
                    workers[place] = self._start()
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join(_GRACE_SECONDS + 5)

    def _start(self) -> BaseProcess:
        worker = self._context.Process(target=_run, args=(self._build, self._listener))
        worker.start()
        return worker

    def _end(self, _number: int, _frame: object) -> None:
        self._ending = True
