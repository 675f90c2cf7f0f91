from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.activities.wait import Wait
from campanile.campaigns.compiled import compile_campaign
from campanile.campaigns.loading import load_campaign
from campanile.campaigns.restarts import restart_from
from campanile.campaigns.waits import Opening, opening_of, release_at
from campanile.errors import Refused

PARIS = ZoneInfo("Europe/Paris")
REACHED = datetime(2026, 3, 28, 9, 0, tzinfo=UTC)  # 10:00 in Paris, the day before clocks change

CAMPAIGN = """\
name: a
activities:
  who: {type: build_audience}
  mail: {type: email, from: who, template: offer}
  rest: {type: wait, from: mail, for: 1 day}
  keen: {type: filter, from: rest, where: clicked(mail)}
  other: {type: filter, from: who, where: tier = 'gold'}
"""


def wait(**written):
    return Wait.model_validate({"type": "wait", "from": "a", **written})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"for": "1 day"}, REACHED + timedelta(days=1)),
        ({"until": "11:00"}, datetime(2026, 3, 28, 10, 0, tzinfo=UTC)),
        ({"until": "09:00"}, datetime(2026, 3, 29, 7, 0, tzinfo=UTC)),
        ({"until": "10:00"}, datetime(2026, 3, 29, 8, 0, tzinfo=UTC)),
        ({"until": "02:30"}, datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ({"until": "2026-04-01 09:00"}, datetime(2026, 4, 1, 7, 0, tzinfo=UTC)),
        ({"until": "2026-01-01"}, REACHED),
    ],
)
def test_a_wait_ends_by_the_clock_of_the_zone(written, expected):
    assert release_at(wait(**written), REACHED, PARIS) == expected


# In Paris, clocks go from 02:00 to 03:00 on Sunday, 29 March, and from 03:00 to 02:00 on Sunday,
# 25 October.
@pytest.mark.parametrize(
    ("reached", "written", "expected"),
    [
        ("2026-03-28T09:00", {"between": "09:00-18:00"}, "2026-03-28T09:00"),
        ("2026-03-28T17:00", {"between": "09:00-18:00"}, "2026-03-28T17:00"),  # 18:00, included
        ("2026-03-28T17:01", {"between": "09:00-18:00"}, "2026-03-29T07:00"),
        ("2026-03-28T17:01", {"between": "09:00-18:00", "days": "weekdays"}, "2026-03-30T07:00"),
        ("2026-03-28T20:00", {"between": "02:15-04:00"}, "2026-03-29T01:00"),  # end of the gap
        ("2026-03-28T20:00", {"between": "02:15-02:45"}, "2026-03-29T01:00"),  # all of it skipped
        ("2026-10-24T20:00", {"between": "02:15-02:45"}, "2026-10-25T00:15"),  # the first of two
        ("2026-10-25T01:15", {"between": "02:15-02:45"}, "2026-10-26T01:15"),  # the second is none
        ("2026-10-24T20:00", {"until": "02:30"}, "2026-10-25T00:30"),
        ("2026-10-25T00:45", {"until": "02:30"}, "2026-10-26T01:30"),
        ("2026-10-24T20:00", {"for": "1 day"}, "2026-10-25T20:00"),  # hours that pass, not clocks
        ("2026-03-28T20:00", {"until": "2026-03-29 02:30"}, "2026-03-29T01:00"),
    ],
)
def test_hours_and_times_have_a_meaning_when_clocks_change(reached, written, expected):
    at = release_at(wait(**written), datetime.fromisoformat(f"{reached}Z"), PARIS)
    assert at == datetime.fromisoformat(f"{expected}Z")


@pytest.mark.parametrize(
    ("within", "opening"),
    [
        ("2 days", Opening(datetime(2026, 3, 30, 7, 0, tzinfo=UTC))),
        ("46 hours", Opening(datetime(2026, 3, 30, 7, 0, tzinfo=UTC))),
        ("45 hours", Opening(REACHED + timedelta(hours=45), "expired")),
    ],
)
def test_hours_that_do_not_begin_in_time_let_the_rows_expire(within, opening):
    config = wait(between="09:00-18:00", days="mon", within=within)
    assert opening_of(config, REACHED, PARIS) == opening


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 22),
    st.sampled_from(["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.sampled_from(["all", "weekdays", "mon", "last"]),
)
def test_a_wait_goes_on_at_the_first_instant_of_its_hours(reached, hour, zone, days):
    reached = reached.replace(second=0, microsecond=0)
    there = ZoneInfo(zone)
    config = wait(between=f"{hour:02}:00-{hour + 1:02}:00", days=days)
    at = release_at(config, reached, there)
    rule = config.days[0]

    def is_in(instant):
        shown = instant.astimezone(there)
        return (
            rule.holds(shown.date())
            and hour * 60 <= shown.hour * 60 + shown.minute <= hour * 60 + 60
        )

    assert at >= reached
    assert is_in(at) or is_in(at - timedelta(hours=1))  # the hour may be one that clocks skip
    before = at - timedelta(minutes=1)
    assert at == reached or not is_in(before) or before.astimezone(there).fold


def test_a_wait_whose_parameter_is_not_filled_in_is_refused():
    with pytest.raises(Refused):
        release_at(wait(**{"for": "param.x"}), REACHED, PARIS)


@pytest.fixture(scope="module")
def compiled(project):
    return compile_campaign(load_campaign(CAMPAIGN, "a.yaml", project), project)


def test_a_restart_supersedes_the_activity_and_all_below_it(compiled):
    restart = restart_from(compiled.graph, compiled.segments, "rest")
    assert restart.transitions == ("rest", "keen")
    assert (restart.segment, restart.later_segments, restart.gates) == ("after__rest", (), ())


def test_a_delivery_starts_again_with_its_plan(compiled):
    restart = restart_from(compiled.graph, compiled.segments, "mail")
    assert restart.transitions[:2] == ("mail.plan", "mail")
    assert restart.segment == "start"
    assert restart.later_segments == ("after__mail", "after__rest")
    assert restart.gates == ("mail", "rest")


def test_what_is_not_below_stays(compiled):
    restart = restart_from(compiled.graph, compiled.segments, "other")
    assert (restart.transitions, restart.gates) == (("other",), ())
    with pytest.raises(Refused, match="Did you mean 'other'"):
        restart_from(compiled.graph, compiled.segments, "othr")
