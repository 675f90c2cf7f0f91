"""A year of launches in many time zones, equal to what an independent calendar library counts."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule, tz

from campanile.campaigns.schedule import SCHEDULE
from campanile.campaigns.schedules import occurrences

ZONES = (
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "America/Sao_Paulo",  # gave up daylight saving; its clocks changed at midnight
    "Australia/Lord_Howe",  # half an hour
    "Asia/Kathmandu",  # +05:45
    "Pacific/Chatham",
)
YEARS = (2018, 2026)
TIMES = ((2, 0), (2, 30), (9, 0))
AT = [f"{hour:02}:{minute:02}" for hour, minute in TIMES]
ANCHOR = "2017-12-06"
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR

# What the file says, and the same in the words of RFC 5545.
CASES = {
    "daily": ({"every": "day", "at": AT}, {"freq": rrule.DAILY}),
    "every three days": (
        {"every": "3 days", "at": AT, "start": ANCHOR},
        {"freq": rrule.DAILY, "interval": 3},
    ),
    "weekdays": (
        {"every": "day", "at": AT, "days": "weekdays"},
        {"freq": rrule.DAILY, "byweekday": (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY)},
    ),
    "chosen days": (
        {"every": "week", "at": AT, "days": ["mon", "thu"]},
        {"freq": rrule.WEEKLY, "byweekday": (MONDAY, THURSDAY)},
    ),
    "every second week": (
        {"every": "2 weeks", "at": AT, "days": ["tue", "fri"], "start": ANCHOR},
        {"freq": rrule.WEEKLY, "interval": 2, "byweekday": (TUESDAY, FRIDAY), "wkst": MONDAY},
    ),
    "every fifth week": (
        {"every": "5 weeks", "at": AT, "days": ["mon"], "start": ANCHOR},
        {"freq": rrule.WEEKLY, "interval": 5, "byweekday": (MONDAY,), "wkst": MONDAY},
    ),
    "the 15th of two months": (
        {"every": "month", "at": AT, "months": ["jan", "jul"], "days": ["15"]},
        {"freq": rrule.MONTHLY, "bymonth": (1, 7), "bymonthday": 15},
    ),
    "the 31st": (
        {"every": "month", "at": AT, "days": ["31"]},
        {"freq": rrule.MONTHLY, "bymonthday": 31},
    ),
    "the last day": (
        {"every": "month", "at": AT, "days": ["last"]},
        {"freq": rrule.MONTHLY, "bymonthday": -1},
    ),
    "second Tuesday": (
        {"every": "month", "at": AT, "days": ["2nd tue"]},
        {"freq": rrule.MONTHLY, "byweekday": TUESDAY(2)},
    ),
    "last Friday": (
        {"every": "month", "at": AT, "days": ["last fri"]},
        {"freq": rrule.MONTHLY, "byweekday": FRIDAY(-1)},
    ),
    "every day of some months": (
        {"every": "month", "at": AT, "months": ["mar", "oct", "nov"], "days": ["all"]},
        {"freq": rrule.DAILY, "bymonth": (3, 10, 11)},
    ),
    "Mondays and Wednesdays every third month": (
        {"every": "3 months", "at": AT, "days": ["mon", "wed"], "start": ANCHOR},
        {"freq": rrule.MONTHLY, "interval": 3, "byweekday": (MONDAY, WEDNESDAY)},
    ),
    "every half hour of the day": (
        {"every": "30 minutes", "between": "01:00-03:30"},
        {"freq": rrule.DAILY, "half_hours": range(2, 8)},
    ),
}


def independent(words: dict, zone_name: str, year: int) -> list[datetime]:
    """The launches of a year by dateutil: its calendar, its time zones, its resolution of gaps."""
    rules = dict(words)
    half_hours = rules.pop("half_hours", None)
    times = [divmod(n * 30, 60) for n in half_hours] if half_hours else TIMES
    zone = tz.gettz(zone_name)
    anchored = rules.get("interval", 1) > 1
    first = date.fromisoformat(ANCHOR) if anchored else date(year - 1, 12, 1)
    if rules["freq"] == rrule.MONTHLY and anchored:
        first = first.replace(day=1)  # RFC 5545 counts months from the month of the start
    found = set()
    for hour, minute in times:
        days = rrule.rrule(
            dtstart=datetime.combine(first, time(hour, minute)),
            until=datetime.combine(date(year + 1, 1, 2), time()),
            **rules,
        )
        found |= {instant(day, zone) for day in days}
    begin = datetime.fromisoformat(ANCHOR).replace(tzinfo=zone).astimezone(UTC)
    return sorted(slot for slot in found if slot.year == year and (not anchored or slot >= begin))


def instant(wall: datetime, zone: object) -> datetime:
    """A local time as an instant: of an overlap the first, of a gap its end (minute by minute)."""
    while not tz.datetime_exists(wall, zone):
        wall += timedelta(minutes=1)
    return tz.enfold(wall.replace(tzinfo=zone), fold=0).astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("case", CASES)
def test_a_year_of_launches_is_that_of_an_independent_calendar(case: str, zone: str) -> None:
    written, words = CASES[case]
    schedule = SCHEDULE.validate_python({**written, "timezone": zone})
    for year in YEARS:
        begin, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        just = timedelta(microseconds=1)

        slots = list(occurrences(schedule, begin - just, end - just))

        assert slots == independent(words, zone, year)
        assert slots or calendar.isleap(year)


def test_the_two_libraries_know_the_same_clock_changes() -> None:
    changes = set()
    for name in ZONES:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        for _ in range(366 * 24):
            here = moment.astimezone(ZoneInfo(name)).utcoffset()
            assert here == moment.astimezone(tz.gettz(name)).utcoffset()
            changes.add((name, here))
            moment += timedelta(hours=1)
    assert len(changes) > len(ZONES), "some of these zones do change their clocks"
