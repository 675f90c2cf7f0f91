"""The tracking service under load: durable events per CPU-second, and its latency beside a plan.

    python -m benchmarks.tracking --events 40000 --connections 32 --messages 200000

Prints one line of JSON per figure and exits with 1 if a goal was missed.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from campanile.deliveries.delivery import NewDelivery
from campanile.deliveries.messages import Recipient
from campanile.deliveries.settings import DeliverySettings
from campanile.operations.feedback.tracking import TrackingStore
from campanile.store import events_tables, ledger_tables
from campanile.store.deliveries import Deliveries
from campanile.store.planning import Planner
from campanile.store.store import Store
from campanile.tracking.tokens import KeyRing
from campanile.web.serve import bind, serve
from campanile.web.tracking import TrackingApp, build_tracking_app

EVENTS_GOAL = 10_000  # durable events per CPU-second of the server
LATENCY_GOAL = 50.0  # milliseconds, the 99th percentile
PACE_SECONDS = 0.04  # between two requests of one connection, while a plan is written
KEYS = KeyRing({1: b"k" * 32}, current=1)
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
# What a mail program sends; a bare request would flatter the parser.
HEADERS = (
    "Host: t.example\r\nAccept: image/avif,image/webp,*/*\r\nAccept-Encoding: gzip, deflate, br\r\n"
    "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15\r\n"
)


@dataclass(frozen=True)
class Load:
    """What one load run saw: answers, seconds, and the latency of each in milliseconds."""

    answers: int
    seconds: float
    latencies: list[float]

    def percentile(self, share: float) -> float:
        """The latency that this share of the answers did not exceed."""
        ranked = sorted(self.latencies)
        return ranked[min(len(ranked) - 1, int(len(ranked) * share))]


def build(folder: Path) -> TrackingApp:
    store = TrackingStore.of(Store.open(folder))
    return build_tracking_app(keys=KEYS, store=store, folder=folder / "tracking")


def run_server(folder: Path, listener: socket.socket) -> None:
    serve(partial(build, folder), listener)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, int]]:
    """The service in its own process: its port and process id."""
    with bind(port=0) as listener:
        port: int = listener.getsockname()[1]
        process = multiprocessing.get_context("spawn").Process(
            target=run_server, args=(folder, listener)
        )
        process.start()
        assert process.pid is not None
        try:
            asyncio.run(drive(port, events=200, connections=8, forged=True))  # warm
            yield port, process.pid
        finally:
            process.terminate()
            process.join(30)


def create_store(folder: Path) -> Store:
    store = Store.open(folder)
    for area, tables in (("events", events_tables), ("ledger", ledger_tables)):
        tables.metadata.create_all(store.databases[area].engine)
    return store


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def drive(
    port: int, *, events: int, connections: int, forged: bool = False, pace: float = 0.0,
    until: "multiprocessing.process.BaseProcess | None" = None,
) -> Load:  # fmt: skip
    """Open the pixel on keep-alive connections, `events` times or until a process has ended."""
    latencies: list[float] = []
    numbers = iter(range(events))
    started = time.perf_counter()

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (number := next(numbers, None)) is not None and (until is None or until.is_alive()):
            token = "A" * 26 if forged else KEYS.sign("track", 1, number)
            asked = time.perf_counter()
            writer.write(f"GET /o/{token}.gif HTTP/1.1\r\n{HEADERS}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            await reader.readexactly(43)
            latencies.append((time.perf_counter() - asked) * 1000)
            if pace:
                await asyncio.sleep(pace)
        writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    return Load(len(latencies), time.perf_counter() - started, latencies)


def measure_events(folder: Path, events: int, connections: int) -> bool:
    store = create_store(folder)
    with serving(folder) as (port, pid):
        before = cpu_seconds(pid)
        asyncio.run(drive(port, events=events, connections=connections, forged=True))
        between = cpu_seconds(pid)
        load = asyncio.run(drive(port, events=events, connections=connections))
        after = cpu_seconds(pid)
        recorded = store.events.watermark()
    assert recorded == events, f"{recorded} events are in the store, {events} were answered"
    value, bare = events / (after - between), events / (between - before)
    note = (
        f"{connections} connections, {load.answers / load.seconds:,.0f}/s wall, shared machine, "
        f"p50 {load.percentile(0.5):.1f} ms, p99 {load.percentile(0.99):.1f} ms"
    )
    return say("durable_events", events, value, "events/cpu-s", EVENTS_GOAL, value >= EVENTS_GOAL,
               "same service, nothing recorded", bare, note)  # fmt: skip


def write_plan(folder: Path, messages: int) -> None:
    ledger = Store.open(folder).databases["ledger"]
    made = Deliveries(ledger).create(
        NewDelivery("bench", 1, 1, "manual-1", "offer", "live", "{}",
                    DeliverySettings(connection="none"), NOW),
        NOW,
    )  # fmt: skip
    people = (
        Recipient(f"p{n}", f"p{n}", f"person{n}@shop.example", {"first_name": f"N{n}"})
        for n in range(messages)
    )
    Planner(ledger, NOW).plan(made.id, people)


def measure_beside_plan(folder: Path, messages: int, connections: int) -> bool:
    create_store(folder)
    with serving(folder) as (port, _pid):
        calm = asyncio.run(drive(port, events=2_000, connections=connections, pace=PACE_SECONDS))
        planner = multiprocessing.get_context("spawn").Process(
            target=write_plan, args=(folder, messages)
        )
        planner.start()
        load = asyncio.run(
            drive(port, events=10**9, connections=connections, pace=PACE_SECONDS, until=planner)
        )
        planner.join()
    assert planner.exitcode == 0
    value, alone = load.percentile(0.99), calm.percentile(0.99)
    note = (
        f"{load.answers} events in {load.seconds:.0f} s of planning, "
        f"p50 {load.percentile(0.5):.1f} ms, largest {max(load.latencies):.0f} ms"
    )
    return say("latency_p99_beside_plan", messages, value, "ms", LATENCY_GOAL,
               value <= LATENCY_GOAL, "same load, nothing planned", alone, note)  # fmt: skip


def say(
    metric: str, scale: int, value: float, unit: str, goal: float, met: bool, baseline: str,
    baseline_value: float, note: str,
) -> bool:  # fmt: skip
    line = {
        "bench": "tracking",
        "metric": metric,
        "scale": scale,
        "value": round(value, 1),
        "unit": unit,
        "baseline": baseline,
        "baseline_value": round(baseline_value, 1),
        "ratio": round(value / baseline_value, 3),
        "goal": goal,
        "met": met,
        "note": note,
    }
    print(json.dumps(line), flush=True)
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--messages", type=int, default=200_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        one = measure_events(Path(folder) / "a", chosen.events, chosen.connections)
        other = measure_beside_plan(Path(folder) / "b", chosen.messages, connections=8)
    return 0 if one and other else 1


if __name__ == "__main__":
    sys.exit(main())
