"""The two services under load, each in a process of its own, and what they have recorded."""

import multiprocessing
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

from benchmarks.tracking import ordinary
from benchmarks.tracking.load import KEYS, drive
from campanile.operations.feedback.tracking import TrackingStore
from campanile.store import events_tables, ledger_tables
from campanile.store.store import Store
from campanile.web.serve import bind, serve
from campanile.web.tracking import TrackingApp, build_tracking_app


@dataclass(frozen=True)
class Service:
    """How a service is built in its process, and how its durable events are counted."""

    build: Callable[[Path], ASGIApp]
    recorded: Callable[[Path], int]


@dataclass(frozen=True)
class Serving:
    """A service that runs."""

    port: int
    pid: int

    @property
    def cpu(self) -> float:
        """CPU seconds of its process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def create_store(folder: Path) -> Store:
    """A store with the tables that tracking and planning need."""
    store = Store.open(folder)
    for area, tables in (("events", events_tables), ("ledger", ledger_tables)):
        tables.metadata.create_all(store.databases[area].engine)
    return store


def build_ours(folder: Path) -> TrackingApp:
    """Campanile's tracking application."""
    store = TrackingStore.of(create_store(folder))
    return build_tracking_app(keys=KEYS, store=store, folder=folder / "tracking")


OURS: Final = Service(build_ours, lambda folder: Store.open(folder).events.watermark())
ORDINARY: Final = Service(ordinary.build, ordinary.recorded)


@contextmanager
def serving(service: Service, folder: Path) -> Iterator[Serving]:
    """Run a service below uvicorn as Campanile does; it is warm when the body begins."""
    with bind(port=0) as listener:
        process = multiprocessing.get_context("spawn").Process(
            target=run_service, args=(service.build, folder, listener)
        )
        process.start()
        try:
            running = Serving(listener.getsockname()[1], process.pid or 0)
            drive(running.port, events=200, connections=8, forged=True)
            yield running
        finally:
            process.terminate()
            process.join(30)


def run_service(build: Callable[[Path], ASGIApp], folder: Path, listener: socket.socket) -> None:
    """Serve in this process."""
    serve(partial(build, folder), listener)
