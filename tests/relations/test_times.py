"""Local times become instants: the end of a gap, the first of an overlap."""
# ruff: noqa: DTZ001  (instants are stored as naive UTC)

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.relations.times import local_date, midnight, to_utc

ZONES = ["Europe/Paris", "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Europe/Paris", "2026-03-29 02:00", "2026-03-29 01:00"),
        ("Europe/Paris", "2026-03-29 02:59", "2026-03-29 01:00"),
        ("Europe/Paris", "2026-10-25 02:30", "2026-10-25 00:30"),
        ("America/Santiago", "2026-09-06 00:00", "2026-09-06 04:00"),
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30"),
    ],
)
def test_gaps_end_and_overlaps_begin(zone, local, utc):
    found = to_utc(datetime.fromisoformat(local), ZoneInfo(zone))
    assert found == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31)),
    st.timedeltas(timedelta(0), timedelta(hours=3)),
    st.sampled_from(ZONES),
)
def test_later_local_times_are_not_earlier_instants(local, more, zone):
    local = local.replace(microsecond=0, second=0)
    day = local.date()
    start = midnight(day, ZoneInfo(zone))
    assert local_date(start, ZoneInfo(zone)) == day
    assert local_date(start - timedelta(seconds=1), ZoneInfo(zone)) < day
    assert to_utc(local, ZoneInfo(zone)) >= start


def test_a_midnight_that_does_not_exist_is_the_first_moment_of_the_day():
    assert midnight(date(2026, 9, 6), ZoneInfo("America/Santiago")).hour == 4
