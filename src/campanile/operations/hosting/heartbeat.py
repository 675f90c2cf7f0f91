"""The clock's heartbeat: when it last ticked, kept as the age of a file in the state folder.

It is beside the store on purpose: it says that a daemon asks and a code server answers, here.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

STALE_AFTER = timedelta(seconds=90)  # a reload, or many runs at once, may cost some ticks
_FILE = "clock.tick"


def note_tick(state: Path, now: datetime) -> None:
    """Note that the clock looked at everything at `now`."""
    path = state / _FILE
    path.touch()
    os.utime(path, (now.timestamp(), now.timestamp()))


def last_tick(state: Path) -> datetime | None:
    """The instant of the last tick; None when no clock ever ticked here."""
    try:
        return datetime.fromtimestamp((state / _FILE).stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def ticks(state: Path, now: datetime) -> bool:
    """Whether a clock ticked lately."""
    last = last_tick(state)
    return last is not None and now - last < STALE_AFTER


def forget_ticks(state: Path) -> None:
    """The clock was ended on purpose: nobody takes its last tick for a sign of life."""
    (state / _FILE).unlink(missing_ok=True)
