"""The tracking service under load: durable events per CPU-second, and its latency beside a plan."""

import multiprocessing
import statistics
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.tracking.load import Load, drive
from benchmarks.tracking.services import ORDINARY, OURS, Service, create_store, serving
from benchmarks.yardstick import Goal, Metric
from campanile.deliveries.delivery import NewDelivery
from campanile.deliveries.messages import Recipient
from campanile.deliveries.settings import DeliverySettings
from campanile.store.deliveries import Deliveries
from campanile.store.planning import Planner

GOALS: Final = (
    Goal("durable_events", "value", at_least=10_000),
    Goal("events_against_starlette", "ratio", at_least=3),
    Goal("latency_p99_beside_plan", "value", at_most=50),
)
_ROUNDS: Final = 3
_MOST: Final = 40_000  # events of one round
_CONNECTIONS: Final = 32
_PACE_SECONDS: Final = 0.04  # between two requests of one connection, while a plan is written
_NOW: Final = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
_UNIT: Final = "events/cpu-s"


def measure(scale: int) -> Iterator[Metric]:
    """Both services in turn, then ours while a plan of twice `scale` messages is written."""
    events = min(scale, _MOST)
    ours, others, bare = [], [], []
    with tempfile.TemporaryDirectory(prefix="campanile-tracking-") as text:
        folder = Path(text)
        for number in range(_ROUNDS):
            rate, load = _rate(OURS, folder / f"ours-{number}", events)
            ours.append(rate)
            others.append(_rate(ORDINARY, folder / f"others-{number}", events // 10)[0])
            bare.append(_bare(folder / f"bare-{number}", events))
        value = statistics.median(ours)
        note = (
            f"{_CONNECTIONS} connections, {load.answers / load.seconds:,.0f}/s wall, "
            f"p50 {load.percentile(0.5):.1f} ms, p99 {load.percentile(0.99):.1f} ms"
        )
        named = "same service, nothing recorded"
        yield Metric("durable_events", value, _UNIT, named, statistics.median(bare), note)
        named = "Starlette + SQLAlchemy session, one commit for each, SQLite WAL FULL"
        yield Metric("events_against_starlette", value, _UNIT, named, statistics.median(others))
        yield _beside_plan(folder / "plan", 2 * scale)


def _rate(service: Service, folder: Path, events: int) -> tuple[float, Load]:
    """Durable events per CPU-second of the service."""
    with serving(service, folder) as running:
        before = running.cpu
        load = drive(running.port, events=events, connections=_CONNECTIONS)
        spent = running.cpu - before
    found = service.recorded(folder)
    if found != events:
        raise RuntimeError(f"{found} events are recorded, {events} were answered")
    return events / spent, load


def _bare(folder: Path, events: int) -> float:
    """Answers per CPU-second for forged pixels, which are not recorded."""
    with serving(OURS, folder) as running:
        before = running.cpu
        drive(running.port, events=events, connections=_CONNECTIONS, forged=True)
        return events / (running.cpu - before)


def _beside_plan(folder: Path, messages: int) -> Metric:
    """The 99th percentile of the latency while a large plan is written."""
    with serving(OURS, folder) as running:
        calm = drive(running.port, events=2_000, connections=8, pace=_PACE_SECONDS)
        planner = multiprocessing.get_context("spawn").Process(
            target=write_plan, args=(folder, messages)
        )
        planner.start()
        load = drive(
            running.port, events=10**9, connections=8, pace=_PACE_SECONDS, goes_on=planner.is_alive
        )
        planner.join()
    if planner.exitcode:
        raise RuntimeError(f"the plan ended with {planner.exitcode}")
    note = (
        f"{load.answers} events in {load.seconds:.0f} s of planning {messages:,} messages, "
        f"p50 {load.percentile(0.5):.1f} ms, largest {max(load.latencies):.0f} ms"
    )
    value, alone = load.percentile(0.99), calm.percentile(0.99)
    named = "same load, nothing planned"
    return Metric("latency_p99_beside_plan", value, "ms", named, alone, note)


def write_plan(folder: Path, messages: int) -> None:
    """Plan one delivery; the process of the plan."""
    ledger = create_store(folder).databases["ledger"]
    settings = DeliverySettings(connection="none")
    new = NewDelivery("bench", 1, 1, "manual-1", "offer", "live", "{}", settings, _NOW)
    made = Deliveries(ledger).create(new, _NOW)
    people = (
        Recipient(f"p{n}", f"p{n}", f"person{n}@shop.example", {"first_name": f"N{n}"})
        for n in range(messages)
    )
    Planner(ledger, _NOW).plan(made.id, people)
