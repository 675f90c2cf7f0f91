"""Planning a large delivery: rows a second, CPU and peak memory of the process that plans."""

import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.email.letter import people
from benchmarks.yardstick import Goal, Metric
from benchmarks.yardstick_cpu import measured
from campanile.deliveries.delivery import NewDelivery
from campanile.deliveries.messages import Recipient
from campanile.deliveries.settings import DeliverySettings
from campanile.store.database import open_databases
from campanile.store.deliveries import Deliveries
from campanile.store.ledger_tables import metadata
from campanile.store.planning import Planner

GOALS: Final = (Goal("plan_memory", "value", at_most=512),)
_NOW: Final = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def measure(scale: int) -> Iterator[Metric]:
    """Plan `scale` letters of about 450 bytes of values each into a store of its own."""
    with tempfile.TemporaryDirectory(prefix="campanile-plan-") as folder:
        found = measured("benchmarks.planning:plan", {"folder": folder, "recipients": scale})
        size = (Path(folder) / "ledger.sqlite").stat().st_size
    note = f"{found.cpu:.1f} CPU s, {size / scale:.0f} bytes of store for each"
    yield Metric("plan_rows", scale / found.wall, "rows/s wall", note=note)
    yield Metric("plan_rows_cpu", scale / found.cpu, "rows/cpu-s", note=note)
    yield Metric("plan_memory", found.peak / 2**20, "MiB", note="peak; bounded by the batch")


def plan(given: Mapping[str, Any]) -> int:
    """Plan one delivery; returns how many messages are planned."""
    ledger = open_databases(given["folder"])["ledger"]
    metadata.create_all(ledger.engine)
    settings = DeliverySettings(connection="none")
    new = NewDelivery("bench", 1, 1, "manual-1", "offer", "live", "{}", settings, _NOW)
    delivery = Deliveries(ledger).create(new, _NOW)
    rows = (
        Recipient(f"p{n}", f"p{n}", one["address"], one["fields"])
        for n, one in enumerate(people(given["recipients"]))
    )
    return Planner(ledger, _NOW).plan(delivery.id, rows).planned
