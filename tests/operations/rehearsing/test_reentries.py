"""A plan names whom the new version would forget, before anybody is written to twice."""

import pytest

from campanile.operations.authoring.versions import start_execution
from campanile.operations.rehearsing.plans import plan_campaigns

WEEKLY = """
name: weekly
schedule: {{once: 2030-01-01 09:00}}
activities:
  {name}: {{type: incremental_query, where: "tier = 'gold'"{options}}}
"""


@pytest.fixture
def remembering(town):
    """Three people were taken in two days ago."""
    town.publish("weekly", WEEKLY.format(name="new", options=""))
    start_execution(town.project, "weekly", kind="manual", actor="test")
    town.run()
    town.clock.forward(days=2)
    return town


@pytest.mark.parametrize(
    ("name", "options", "people"),
    [
        ("new", "", []),
        ("new", ", remember: 3 days", []),
        ("new", ", remember: 1 day", [("new", 3)]),
        ("fresh", "", [("new", 3)]),
        ("fresh", ", renamed_from: new", []),
        ("fresh", ", renamed_from: new, remember: 1 day", [("fresh", 3)]),
    ],
)
def test_people_of_a_memory_that_is_given_up_are_counted(remembering, name, options, people):
    remembering.write("weekly", WEEKLY.format(name=name, options=options))

    (plan,) = plan_campaigns(remembering.project, ["weekly"])

    assert [(one.activity, one.people) for one in plan.reentries] == people
    assert all(one.sample == ("1", "2", "3") for one in plan.reentries)
    assert [one["people"] for one in plan.to_dict()["may_enter_again"]] == [n for _, n in people]
