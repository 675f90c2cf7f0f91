from datetime import UTC, datetime, timedelta

import pytest
from dagster._utils.schedules import cron_string_iterator, is_valid_cron_schedule
from hypothesis import given, settings
from hypothesis import strategies as st

from campanile.campaigns.schedule import SCHEDULE
from campanile.campaigns.schedules import occurrences
from campanile.orchestration.crons import write_crons

FROM = datetime(2026, 11, 22, tzinfo=UTC)

TIMES = st.lists(
    st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda t: f"{t[0]:02}:{t[1]:02}"),
    min_size=1,
    max_size=3,
)
WEEK = st.sampled_from(["weekdays", "mon", "tue", "sat", "sun", "all"])
MONTH = st.sampled_from(["1", "15", "31", "last", "2nd tue", "last fri", "mon", "all"])
RECURRING = st.one_of(
    st.builds(lambda at: {"every": "day", "at": at}, TIMES),
    st.builds(
        lambda at, days: {"every": "2 weeks", "at": at, "days": days, "start": "2026-11-23"},
        TIMES,
        st.lists(WEEK, min_size=1, max_size=3),
    ),
    st.builds(
        lambda at, days, months: {"every": "month", "at": at, "days": days, "months": months},
        TIMES,
        st.lists(MONTH, min_size=1, max_size=3),
        st.lists(st.sampled_from(["nov", "dec", "jan"]), max_size=2),
    ),
    st.builds(
        lambda number, span: {"every": f"{number} minutes", "between": span},
        st.integers(7, 400),
        st.sampled_from(["08:00-20:00", "00:10-23:50"]),
    ),
    st.builds(lambda number: {"every": f"{number} hours"}, st.integers(1, 24)),
)


@given(RECURRING)
@settings(max_examples=60, deadline=None)
def test_the_alarm_rings_at_every_slot_of_a_schedule(written):
    schedule = SCHEDULE.validate_python({**written, "timezone": "UTC"})
    until = FROM + timedelta(days=40)
    slots = set(occurrences(schedule, FROM - timedelta(seconds=1), until))

    rung = set()
    for cron in write_crons(schedule):
        assert is_valid_cron_schedule([cron])
        for ring in cron_string_iterator(FROM.timestamp(), cron, "UTC"):
            if ring > until:
                break
            rung.add(ring.astimezone(UTC))

    assert slots <= rung


@pytest.mark.parametrize(
    ("written", "crons"),
    [
        ({"every": "day", "at": "09:00"}, ("0 9 * * *",)),
        ({"every": "month", "months": ["nov"], "days": ["31"], "at": "00:00"}, ()),
        (
            {"every": "month", "months": ["feb"], "days": ["last"], "at": "00:00"},
            ("0 0 28,29 2 *",),
        ),
        ({"every": "2 minutes"}, ("*/2 * * * *",)),
        ({"every": "2 hours"}, ("0 */2 * * *",)),
        (
            {"every": "day", "days": "weekdays", "at": ["09:00", "13:30"]},
            ("0 9 * * 1,2,3,4,5", "30 13 * * 1,2,3,4,5"),
        ),
        (
            {"every": "month", "months": ["jan", "jul"], "days": ["15", "mon"], "at": "09:00"},
            ("0 9 15 1,7 *", "0 9 * 1,7 1"),
        ),
        ({"every": "30 minutes", "between": "08:00-10:00"}, ("*/30 8,9 * * *", "0 10 * * *")),
    ],
)
def test_crons_are_as_few_as_they_can_be(written, crons):
    assert write_crons(SCHEDULE.validate_python(written)) == crons
