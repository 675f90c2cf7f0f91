"""Local dates and times of a zone as instants, gaps and overlaps of daylight saving settled."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """The aware UTC instant of a naive local time: end of a gap, the first of an overlap."""
    first = local.replace(tzinfo=zone, fold=0)
    back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if back == local:
        return first.astimezone(UTC)
    return _end_of_gap(local, zone)


def _end_of_gap(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the clock jumped over `local`, found by halving to the second."""
    low = (local - timedelta(days=1)).replace(tzinfo=zone).astimezone(UTC)
    high = (local + timedelta(days=1)).replace(tzinfo=zone).astimezone(UTC)
    while high - low > timedelta(microseconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).replace(tzinfo=None) > local:
            high = middle
        else:
            low = middle
    return (high + timedelta(microseconds=500)).replace(microsecond=0)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which `day` begins in `zone`."""
    return to_utc(datetime.combine(day, time()), zone)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day of an aware instant in `zone`."""
    return instant.astimezone(zone).date()
