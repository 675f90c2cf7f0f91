"""A memory that was told to end is deleted, once nothing can look at it any more."""

import pytest

from campanile.operations.authoring.versions import start_execution
from campanile.operations.scheduling.forgetting import forget_lapsed

WEEKLY = """
name: weekly
schedule: {{once: 2030-01-01 09:00}}
activities:
  new: {{type: incremental_query, where: "tier = 'gold'", remember: {remember}}}
"""


@pytest.mark.parametrize(
    ("remember", "days", "forgotten"), [("2 days", 8, 0), ("2 days", 10, 3), ("forever", 400, 0)]
)
def test_only_what_nobody_looks_at_any_more_is_deleted(town, remember, days, forgotten):
    town.publish("weekly", WEEKLY.format(remember=remember))
    start_execution(town.project, "weekly", kind="manual", actor="test")
    town.run()
    town.clock.forward(days=days)

    assert forget_lapsed(town.project, town.clock()) == forgotten
    assert town.project.store.consumed.count((("weekly", "new"),)) == 3 - forgotten
