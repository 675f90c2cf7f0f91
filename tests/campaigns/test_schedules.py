import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from campanile.activities.local_times import instant_of
from campanile.campaigns.schedule import SCHEDULE
from campanile.campaigns.schedules import next_slots, occurrences

PARIS = ZoneInfo("Europe/Paris")
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
# Windows of days in which clocks change: by an hour, by half an hour, by a whole day.
CHANGES = {
    "Europe/Paris": [date(2026, 3, 28), date(2026, 10, 24)],
    "America/New_York": [date(2026, 3, 7), date(2026, 10, 31)],
    "Australia/Lord_Howe": [date(2026, 4, 4), date(2026, 10, 3)],
    "Pacific/Apia": [date(2011, 12, 29)],
    "UTC": [date(2028, 2, 28)],
}


def schedule(**written):
    return SCHEDULE.validate_python(written)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def means(wall, written):
    """Read a wall-clock minute against the file's words, independently of the product."""
    unit = written["every"].split()[-1]
    number = int(written["every"].split()[0]) if " " in written["every"] else 1
    if "minutes" in written["every"]:
        begin, end = written["between"].split("-")
        clock = f"{wall:%H:%M}"
        first = int(begin[:2]) * 60 + int(begin[3:])
        if not begin <= clock <= end or (wall.hour * 60 + wall.minute - first) % number:
            return False
    elif f"{wall:%H:%M}" not in written["at"]:
        return False
    if written.get("days") and not any(is_day(wall, word) for word in written["days"]):
        return False
    if number > 1 and unit.startswith("week"):
        anchor = date.fromisoformat(written["start"])
        weeks = (wall.date().toordinal() - 1) // 7 - (anchor.toordinal() - 1) // 7
        return weeks % number == 0
    return True


def is_day(wall, word):
    last = calendar.monthrange(wall.year, wall.month)[1]
    if word in WEEKDAYS:
        return WEEKDAYS[wall.weekday()] == word
    if word == "weekdays":
        return wall.weekday() not in (5, 6)
    if word == "last":
        return wall.day == last
    if " " in word:
        which, name = word.split()
        same = [
            d
            for d in range(1, last + 1)
            if WEEKDAYS[date(wall.year, wall.month, d).weekday()] == name
        ]
        index = -1 if which == "last" else int(which[0]) - 1
        return index < len(same) and same[index] == wall.day
    return word == "all" or wall.day == int(word)


def by_brute_force(written, zone, begin, end):
    """Look at every minute: the clock on the wall, and the minutes that it jumped over."""
    found, instant = [], begin
    while instant < end:
        before = (instant - timedelta(minutes=1)).astimezone(zone)
        wall = instant.astimezone(zone)
        shown = [] if wall.fold else [wall.replace(tzinfo=None)]
        skipped = before.replace(tzinfo=None) + timedelta(minutes=1)
        while skipped < wall.replace(tzinfo=None):
            shown.append(skipped)
            skipped += timedelta(minutes=1)
        if any(means(moment, written) for moment in shown):
            found.append(instant)
        instant += timedelta(minutes=1)
    return found


times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
day_words = st.sampled_from(
    [
        "all",
        "weekdays",
        *WEEKDAYS,
        "1",
        "29",
        "31",
        "last",
        "1st sun",
        "2nd tue",
        "last sat",
        "5th sat",
    ]
)


@st.composite
def recurring(draw):
    kind = draw(st.sampled_from(["day", "week", "2 weeks", "3 weeks", "month", "20 minutes"]))
    written = {"every": kind}
    if kind == "20 minutes":
        begin, end = sorted(draw(st.lists(times, min_size=2, max_size=2, unique=True)))
        return written | {"between": f"{begin}-{end}"}
    written["at"] = draw(st.lists(times | st.just("02:30"), min_size=1, max_size=3, unique=True))
    if kind == "month":
        written["days"] = draw(st.lists(day_words, min_size=1, max_size=3))
    elif kind != "day":
        written["days"] = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3))
        if kind != "week":
            written["start"] = f"2011-0{draw(st.integers(1, 9))}-0{draw(st.integers(1, 9))}"
    return written


@settings(max_examples=60, deadline=None)
@given(recurring(), st.sampled_from(sorted(CHANGES)), st.data())
def test_slots_are_those_that_the_clock_on_the_wall_shows(written, zone_name, data):
    zone = ZoneInfo(zone_name)
    day = data.draw(st.sampled_from(CHANGES[zone_name]))
    begin = datetime.combine(day, time(12), tzinfo=UTC)
    end = begin + timedelta(days=2)
    expected = by_brute_force(written, zone, begin, end)
    slots = list(
        occurrences(
            SCHEDULE.validate_python(written | {"timezone": zone_name}),
            begin - timedelta(seconds=1),
            end - timedelta(seconds=1),
        )
    )
    assert slots == expected


@settings(deadline=None)
@given(recurring(), st.integers(0, 3 * 1440), st.integers(0, 3 * 1440))
def test_two_windows_that_meet_have_the_slots_of_both_and_none_twice(written, first, second):
    plan = SCHEDULE.validate_python(written | {"timezone": "Europe/Paris"})
    begin = utc(2026, 10, 23)
    middle = begin + timedelta(minutes=first)
    end = middle + timedelta(minutes=second)
    parts = [*occurrences(plan, begin, middle), *occurrences(plan, middle, end)]
    assert parts == list(occurrences(plan, begin, end))
    assert parts == sorted(set(parts))


def test_a_time_in_a_gap_is_its_end_and_one_in_an_overlap_the_first():
    assert instant_of(date(2026, 3, 29), time(2, 30), PARIS) == utc(2026, 3, 29, 1)
    assert instant_of(date(2026, 10, 25), time(2, 30), PARIS) == utc(2026, 10, 25, 0, 30)


def test_start_and_end_bound_the_slots_and_a_bare_end_includes_its_day():
    plan = schedule(every="day", at="09:00", start="2026-12-01", end="2026-12-03")
    assert next_slots(plan, utc(2026, 11, 1)) == [utc(2026, 12, d, 9) for d in (1, 2, 3)]


def test_every_second_week_counts_from_its_start():
    plan = schedule(every="2 weeks", days=["mon", "wed"], at="09:00", start="2026-12-09")
    assert [s.day for s in next_slots(plan, utc(2026, 12, 1), 4)] == [9, 21, 23, 4]


def test_a_month_without_the_day_has_no_slot():
    plan = schedule(every="month", days="31", at="09:00")
    assert [s.month for s in next_slots(plan, utc(2026, 1, 1), 4)] == [1, 3, 5, 7]


def test_months_choose_and_once_is_once():
    plan = schedule(every="month", months=["jan", "jul"], days=["15"], at="09:00")
    assert [(s.month, s.day) for s in next_slots(plan, utc(2026, 2, 1), 2)] == [(7, 15), (1, 15)]
    once = schedule(once="2026-12-01 09:00", timezone="Europe/Paris")
    assert next_slots(once, utc(2026, 1, 1)) == [utc(2026, 12, 1, 8)]
    assert next_slots(once, utc(2026, 12, 1, 8)) == []


def test_once_may_be_a_parameter():
    once = schedule(once="param.send_on", timezone="Europe/Paris")
    given_value = {"send_on": "2026-12-01 09:00"}
    assert next_slots(once, utc(2026, 1, 1), parameters=given_value) == [utc(2026, 12, 1, 8)]
    assert next_slots(once, utc(2026, 1, 1)) == []


@pytest.mark.parametrize("written", ["asap", {"on_feedback": "a.b", "event": "clicked"}])
def test_what_no_clock_starts_has_no_slots(written):
    assert next_slots(SCHEDULE.validate_python(written), utc(2026, 1, 1)) == []


@pytest.mark.parametrize(
    "written",
    [
        "soon",
        "* * * * *",
        {},
        {"every": "day"},
        {"every": "week", "at": "09:00"},
        {"every": "day", "at": "09:00", "days": ["15"]},
        {"every": "2 weeks", "days": ["mon"], "at": "09:00"},
        {"every": "30 minutes", "at": "09:00"},
        {"every": "30 minutes", "between": "20:00-08:00"},
        {"every": "0 days", "at": "09:00"},
        {"every": "day", "at": "25:00"},
        {"every": "month", "days": ["6th tue"], "at": "09:00"},
        {"every": "month", "days": ["32"], "at": "09:00"},
        {"every": "week", "months": ["jan"], "days": ["mon"], "at": "09:00"},
        {"once": "2026-02-30 09:00"},
        {"once": "2026-02-03 09:00", "timezone": "Mars/Base"},
        {"once": "2026-02-03 09:00", "timezone": "../../etc/passwd"},
        {"signal": "false"},
        {"on_feedback": "a.b"},
        {"once": "2026-02-03 09:00", "overlap": "maybe"},
    ],
)
def test_what_is_no_schedule_is_refused(written):
    with pytest.raises(ValidationError):
        SCHEDULE.validate_python(written)
