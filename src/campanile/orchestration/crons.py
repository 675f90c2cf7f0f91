"""A recurring schedule -> cron lines that ring at every slot of it, and at few other times.

Cron cannot say every two weeks or the last Friday: there the lines ring too often, and the claim of
the slot says "skip". A slot that cron misses (a clock change, seconds) is swept by the clock.
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Sequence

from campanile.activities.day_rules import DayRule
from campanile.campaigns.schedule import RecurringSchedule

_DAY_MINUTES = 24 * 60
_LEAP_YEAR = 2028


def write_crons(schedule: RecurringSchedule) -> tuple[str, ...]:
    """Return the lines, in the schedule's own time zone; any of them may ring."""
    months = ",".join(str(month) for month in sorted(schedule.months)) or "*"
    return tuple(
        f"{minutes} {hours} {month_days} {months} {week_days}"
        for minutes, hours in _times(schedule)
        for month_days, week_days in _days(schedule.days, schedule.months)
    )


def _times(schedule: RecurringSchedule) -> list[tuple[str, str]]:
    """Fields of minutes and hours; hours that share their minutes share a line."""
    minutes_of: dict[int, set[int]] = defaultdict(set)
    for minute in _minutes_of_day(schedule):
        minutes_of[minute // 60].add(minute % 60)
    hours_of: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for hour, minutes in sorted(minutes_of.items()):
        hours_of[tuple(sorted(minutes))].append(hour)
    return [(_field(minutes, 60), _field(hours, 24)) for minutes, hours in hours_of.items()]


def _minutes_of_day(schedule: RecurringSchedule) -> Iterable[int]:
    if schedule.at:
        return sorted({moment.hour * 60 + moment.minute for moment in schedule.at})
    step = schedule.every.number * (60 if schedule.every.unit == "hour" else 1)
    if schedule.between is None:
        return range(0, _DAY_MINUTES, step)
    first, last = schedule.between.start, schedule.between.end
    return range(first.hour * 60 + first.minute, last.hour * 60 + last.minute + 1, step)


def _days(rules: Iterable[DayRule], months: Sequence[int]) -> list[tuple[str, str]]:
    """Fields of month days and weekdays, never both in a line: cron would join them by "or"."""
    month_days: set[int] = set()
    week_days: set[int] = set()
    written = tuple(rules)
    for rule in written:
        if rule.kind == "all":
            return [("*", "*")]
        if rule.kind == "weekdays":
            week_days |= {1, 2, 3, 4, 5}
        elif rule.kind == "day_of_month":
            month_days |= {rule.number} if rule.number > 0 else {28, 29, 30, 31}
        else:
            week_days.add((rule.weekday + 1) % 7)  # cron counts from Sunday
    if not written:
        return [("*", "*")]
    possible = sorted(day for day in month_days if day <= _longest(months))
    lines = [(_field(possible), "*")] if possible else []
    return lines + ([("*", _field(sorted(week_days)))] if week_days else [])


def _longest(months: Sequence[int]) -> int:
    """Days of the longest of the months, of all when none is named; 29 February exists.

    A line that never rings, such as 31 November, would stop Dagster's scheduler.
    """
    return max((monthrange(_LEAP_YEAR, month)[1] for month in months), default=31)


def _field(numbers: Sequence[int], cycle: int = 0) -> str:
    """Write a field; a step over the whole `cycle` in short, as people read it."""
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 0
    if step and tuple(numbers) == tuple(range(0, cycle, step)):
        return "*" if step == 1 else f"*/{step}"
    return ",".join(str(number) for number in numbers)
