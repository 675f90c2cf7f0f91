"""Local dates and times: which instant a clock on the wall of a time zone means."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, order=True)
class LocalMoment:
    """A date and a time as a calendar and a clock of some place show them."""

    date: date
    time: time

    def instant(self, zone: ZoneInfo) -> datetime:
        """Return the instant, in UTC, that this moment is in `zone`."""
        return instant_of(self.date, self.time, zone)

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d} {write_time(self.time)}"


def write_time(moment: time) -> str:
    """Write a time as files do: `09:00`, with seconds only where there are any."""
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def instant_of(day: date, moment: time, zone: ZoneInfo) -> datetime:
    """Return in UTC what `day` and `moment` are in `zone`.

    In a gap (clocks go forward) it is the end of the gap; in an overlap (clocks go back) the first
    of the two.
    """
    wall = datetime.combine(day, moment, tzinfo=zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    return _end_of_gap(wall, zone)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """Find the instant of the forward change whose gap holds `wall`, by halving."""
    # A wall time in a gap, read with the later offset, lies before the change, and with the
    # earlier offset after it (PEP 495).
    before, after = wall.replace(fold=1).astimezone(UTC), wall.replace(fold=0).astimezone(UTC)
    old_offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == old_offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
