from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campanile.activities.wait import Wait
from campanile.campaigns.compiled import compile_campaign
from campanile.campaigns.loading import load_campaign
from campanile.campaigns.restarts import restart_from
from campanile.campaigns.waits import release_at
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
