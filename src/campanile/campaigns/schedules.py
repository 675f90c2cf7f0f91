"""The instants at which a schedule starts executions."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from campanile.activities.local_times import LocalMoment, instant_of
from campanile.activities.options import Options, with_parameters
from campanile.activities.times import parse_moment
from campanile.activities.values import ParameterRef
from campanile.campaigns.definition import Campaign
from campanile.campaigns.schedule import (
    AsapSchedule,
    OnceSchedule,
    RecurringSchedule,
    ScheduleOptions,
)

_FARTHEST = timedelta(days=366 * 12)  # a 29 February that is a Monday comes within 28 years


def occurrences(
    schedule: Options,
    after: datetime,
    until: datetime,
    parameters: Mapping[str, Any] | None = None,
) -> Iterator[datetime]:
    """Yield the slots in (`after`, `until`], in UTC and in order.

    Local times that a clock change skips give the end of the gap, those it repeats the first of
    the two. `parameters` resolve `param.name` in `once`, `start` and `end`.
    """
    values = parameters or {}
    if isinstance(schedule, OnceSchedule):
        written = _moment(schedule.once, values)
        slot = None if written is None else written.instant(schedule.zone)
        if slot is not None and after < slot <= until and is_valid_at(schedule, slot, values):
            yield slot
    elif isinstance(schedule, RecurringSchedule):
        yield from _recurring(schedule, after, until, values)


def next_slots(
    schedule: Options,
    now: datetime,
    n: int = 10,
    parameters: Mapping[str, Any] | None = None,
) -> list[datetime]:
    """Return the next `n` slots after `now`, fewer where the schedule ends."""
    found: list[datetime] = []
    for slot in occurrences(schedule, now, now + _FARTHEST, parameters):
        found.append(slot)
        if len(found) == n:
            break
    return found


def is_valid_at(
    schedule: ScheduleOptions, instant: datetime, parameters: Mapping[str, Any] | None = None
) -> bool:
    """Whether an instant lies between `start` and `end` of a schedule, both included."""
    values = parameters or {}
    start, end = _moment(schedule.start, values), _moment(schedule.end, values)
    if start is not None and instant < start.instant(schedule.zone):
        return False
    return end is None or instant <= end.instant(schedule.zone)


def is_over(
    schedule: ScheduleOptions, now: datetime, parameters: Mapping[str, Any] | None = None
) -> bool:
    """Whether it starts nothing any more by itself; `asap` has started all it will."""
    if isinstance(schedule, AsapSchedule):
        return True
    if isinstance(schedule, OnceSchedule | RecurringSchedule):
        return not next_slots(schedule, now, 1, parameters)
    end = _moment(schedule.end, parameters or {})
    return end is not None and end.instant(schedule.zone) < now


ValueT = TypeVar("ValueT")
ScheduleT = TypeVar("ScheduleT", bound=ScheduleOptions)


def settled(schedule: ScheduleT, campaign: Campaign) -> ScheduleT:
    """The schedule with every `param.name` replaced by that parameter's default.

    Raises Refused for a parameter without one, or whose value the option cannot take.
    """
    return (
        with_parameters(schedule, campaign.parameter_values({}))
        if campaign.parameters
        else schedule
    )


def fixed(value: ValueT | ParameterRef) -> ValueT:
    """The value of an option of a settled schedule."""
    assert not isinstance(value, ParameterRef)
    return value


def _recurring(
    schedule: RecurringSchedule, after: datetime, until: datetime, values: Mapping[str, Any]
) -> Iterator[datetime]:
    zone = schedule.zone
    start = _moment(schedule.start, values)
    end = _moment(schedule.end, values)
    first = after if start is None else max(after, start.instant(zone) - timedelta(microseconds=1))
    last = until if end is None else min(until, end.instant(zone))
    if last <= first:
        return
    day, final = first.astimezone(zone).date(), last.astimezone(zone).date()
    times, emitted = _times(schedule), first
    while day <= final:
        if _is_day(schedule, day, start):
            for moment in times:
                slot = instant_of(day, moment, zone)
                if emitted < slot <= last:
                    emitted = slot
                    yield slot
        day += timedelta(days=1)


def _times(schedule: RecurringSchedule) -> list[time]:
    """The local times of one day, in order."""
    if schedule.at:
        return sorted(set(schedule.at))
    step = schedule.every.number * (60 if schedule.every.unit == "hour" else 1)
    span = schedule.between
    first = span.start.hour * 60 + span.start.minute if span else 0
    last = span.end.hour * 60 + span.end.minute if span else 24 * 60 - 1
    return [time(minute // 60, minute % 60) for minute in range(first, last + 1, step)]


def _is_day(schedule: RecurringSchedule, day: date, start: LocalMoment | None) -> bool:
    if schedule.months and day.month not in schedule.months:
        return False
    if schedule.days and not any(rule.holds(day) for rule in schedule.days):
        return False
    if start is None or schedule.every.number == 1:
        return True
    return _steps_since(schedule.every.unit, start.date, day) % schedule.every.number == 0


def _steps_since(unit: str, start: date, day: date) -> int:
    """Count whole days, weeks (from Monday) or months between two dates; 0 for smaller units."""
    if unit == "day":
        return (day - start).days
    if unit == "week":
        monday = start - timedelta(days=start.weekday())
        return (day - monday).days // 7
    if unit == "month":
        return (day.year - start.year) * 12 + day.month - start.month
    return 0


def _moment(
    written: LocalMoment | ParameterRef | None, values: Mapping[str, Any]
) -> LocalMoment | None:
    if isinstance(written, ParameterRef):
        value = values.get(written.name)
        if value is None:
            return None
        found = parse_moment(value)
        return found if isinstance(found, LocalMoment) else None
    return written
