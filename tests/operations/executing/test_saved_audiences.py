"""Saved audiences: one campaign keeps people under a name, the rules of others ask for them."""

import pytest

from campanile.errors import FaultsFound
from campanile.operations.authoring.versions import apply_campaign

KEEP = """
name: keep
schedule: asap
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  saved: {type: save_audience, from: gold, audience: best}
"""
USE = """
name: use
schedule: asap
activities:
  others: {type: build_audience, where: not in_audience(best)}
"""


def test_a_rule_asks_for_an_audience_that_another_campaign_saved(town):
    town.publish("keep", KEEP)
    town.run()
    town.publish("use", USE)
    town.run()

    assert (town.rows("keep.gold"), town.rows("use.others")) == (3, 7)


def test_an_audience_outlives_the_file_of_the_campaign_that_saved_it(town):
    town.publish("keep", KEEP)
    town.run()
    (town.project.folder / "campaigns" / "keep.yaml").unlink()
    town.publish("use", USE)
    town.run()

    assert town.rows("use.others") == 7


def test_an_audience_nobody_saves_is_refused_by_name(town):
    town.write("use", USE.replace("best", "bset"))
    town.write("keep", KEEP)

    with pytest.raises(FaultsFound, match="no saved audience 'bset'") as refused:
        apply_campaign(town.project, "use", actor="test")

    assert "best" in refused.value.faults[0].remedy


def test_an_audience_of_another_dimension_is_refused(town):
    town.write("keep", KEEP)
    town.write("use", USE.replace("{type: build", "{dimension: order, type: build"))

    with pytest.raises(FaultsFound, match="holds rows of customer"):
        apply_campaign(town.project, "use", actor="test")
