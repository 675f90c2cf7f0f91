"""The disk under a project: how full it is, how it grew in the last days, how long it lasts."""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

LEAST_FREE = 500_000_000
SOON = timedelta(days=14)
_KEPT = 14  # measurements, one a day
_SETTLED = timedelta(days=1)  # growth within a day says nothing
_FILE = "disk.jsonl"


@dataclass(frozen=True)
class Measured:
    """What the project's state folder took at an instant, in bytes."""

    at: datetime
    taken: int


@dataclass(frozen=True)
class DiskForecast:
    """Bytes free now; `per_day` and `lasts` are None while nothing is known, or nothing grows."""

    free: int
    total: int
    per_day: float | None = None
    lasts: timedelta | None = None

    @property
    def is_full(self) -> bool:
        """Whether sending and tracking are about to stop."""
        return self.free < LEAST_FREE

    @property
    def is_full_soon(self) -> bool:
        """Whether it will be full within two weeks."""
        return self.lasts is not None and self.lasts < SOON

    @property
    def sentence(self) -> str:
        """How much is free, and for how long."""
        free = f"{self.free / 1e9:,.1f} GB free"
        if self.lasts is None or self.per_day is None:
            return free
        if self.lasts > timedelta(days=3650):
            return f"{free}, for years"
        growth = f"{self.per_day / 1e9:,.2f} GB more a day"
        return f"{free}; {growth}: full in {self.lasts.days:,} days"


def measure_disk(state: Path, now: datetime) -> Measured:
    """Measure what the project takes, and keep it beside the last days' measurements."""
    found = Measured(now, bytes_below(state))
    lines = [*measurements(state), found][-_KEPT:]
    text = "".join(f"{json.dumps([one.at.isoformat(), one.taken])}\n" for one in lines)
    part = state / f".{_FILE}.{os.getpid()}"
    part.write_text(text, encoding="utf-8")
    part.replace(state / _FILE)
    return found


def measurements(state: Path) -> list[Measured]:
    """The measurements that are kept, the oldest first."""
    try:
        lines = (state / _FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [Measured(datetime.fromisoformat(at), taken) for at, taken in map(json.loads, lines)]


def forecast(state: Path, measured: Iterable[Measured]) -> DiskForecast:
    """How long the free room lasts if it is used up as between the first and the last of these."""
    usage, known = shutil.disk_usage(state), list(measured)
    plain = DiskForecast(usage.free, usage.total)
    if len(known) < 2 or known[-1].at - known[0].at < _SETTLED:
        return plain
    days = (known[-1].at - known[0].at) / timedelta(days=1)
    per_day = (known[-1].taken - known[0].taken) / days
    if per_day <= 0:
        return plain
    lasts = timedelta(days=min(usage.free / per_day, 36_500))
    return DiskForecast(usage.free, usage.total, per_day, lasts)


def bytes_below(folder: Path) -> int:
    """Bytes of all files in a folder; what vanishes meanwhile counts for nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total
