"""When and how long: durations, dates and local times of options, as written."""

import re
from datetime import date, time, timedelta
from typing import Annotated, Final

from pydantic import PlainValidator

from campanile.activities.local_times import LocalMoment, write_time
from campanile.activities.values import ParameterRef, fault, parameter_in, text_form

_UNITS: Final = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}


def parse_duration(written: object) -> timedelta | ParameterRef:
    """Read `90 minutes` or `1 day 12 hours`; a `timedelta` is taken as it is."""
    if isinstance(written, timedelta | ParameterRef):
        return written
    text = str(written).strip()
    if reference := parameter_in(text):
        return reference
    parts = re.findall(r"(\d+)\s*(week|day|hour|minute|second)s?(?=\s|\d|$)", text)
    whole = re.fullmatch(r"(\d+\s*(week|day|hour|minute|second)s?\s*)+", text)
    seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if not whole or not 0 < seconds <= 3660 * 86400:
        fault("duration", f"`{text}` is not a duration, such as `90 minutes` or `1 day 12 hours`.")
    return timedelta(seconds=seconds)


def write_duration(value: timedelta | ParameterRef) -> str:
    """Write a duration the way it is read, in the largest units that are whole."""
    if isinstance(value, ParameterRef):
        return str(value)
    rest, words = int(value.total_seconds()), []
    for unit, seconds in _UNITS.items():
        number, rest = divmod(rest, seconds) if unit != "week" or not rest % 604800 else (0, rest)
        if number:
            words.append(f"{number} {unit}{'s' if number > 1 else ''}")
    return " ".join(words)


def parse_memory(written: object) -> timedelta | ParameterRef | None:
    """Read `forever` (None), or a duration."""
    return None if written in (None, "forever") else parse_duration(written)


def _write_memory(value: timedelta | ParameterRef | None) -> str:
    return "forever" if value is None else write_duration(value)


def parse_date(written: object) -> date | ParameterRef:
    """Read `2026-12-24` or `param.name`."""
    if isinstance(written, date | ParameterRef):
        return written
    text = str(written).strip()
    if reference := parameter_in(text):
        return reference
    found = _date(text)
    if found is None:
        fault("date", f"`{text}` is not a date; write it as 2026-12-24.")
    return found


def parse_time(written: object) -> time:
    """Read `09:00`."""
    if isinstance(written, time):
        return written
    found = _time(str(written).strip())
    if found is None:
        fault("time", f"`{written}` is not a time; write it as 09:00.")
    return found


def parse_moment(written: object) -> LocalMoment | ParameterRef:
    """Read `2026-12-24 09:00`, a bare date (its midnight) or `param.name`."""
    if isinstance(written, LocalMoment | ParameterRef):
        return written
    text = str(written).strip()
    if reference := parameter_in(text):
        return reference
    day_text, _, time_text = text.replace("T", " ", 1).partition(" ")
    day, moment = _date(day_text), _time(time_text.strip() or "00:00")
    if day is None or moment is None:
        fault("moment", f"`{text}` is not a date and time; write it as 2026-12-24 09:00.")
    return LocalMoment(day, moment)


def parse_moment_or_time(written: object) -> LocalMoment | time | ParameterRef:
    """Read `2026-12-24 09:00`, or `09:00` for the next time the clock shows it."""
    if isinstance(written, time):
        return written
    found = _time(str(written).strip())
    return found if found is not None else parse_moment(written)


def _date(text: str) -> date | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> time | None:
    found = re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d))?", text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59 or int(found[3] or 0) > 59:
        return None
    return time(int(found[1]), int(found[2]), int(found[3] or 0))


def _write_time_or(value: object) -> str:
    return write_time(value) if isinstance(value, time) else str(value)


Duration = Annotated[
    timedelta | ParameterRef, PlainValidator(parse_duration), *text_form("3 days", write_duration)
]
MemorySpan = Annotated[
    timedelta | ParameterRef | None,
    PlainValidator(parse_memory),
    *text_form("90 days", _write_memory),
]
TimeOption = Annotated[time, PlainValidator(parse_time), *text_form("09:00", write_time)]
Moment = Annotated[
    LocalMoment | ParameterRef, PlainValidator(parse_moment), *text_form("2026-12-24 09:00")
]
MomentOrTime = Annotated[
    LocalMoment | time | ParameterRef,
    PlainValidator(parse_moment_or_time),
    *text_form("2026-12-24 09:00", _write_time_or),
]
