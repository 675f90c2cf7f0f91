"""Tests of drafts: deliveries are simulated, the path goes on, and nothing else changes."""

import pytest

from campanile.campaigns.simulation import Assumption, Simulation
from campanile.errors import Refused
from campanile.operations.authoring.versions import apply_campaign, start_execution

CAMPAIGN = """
name: spring
schedule: {every: day, at: "09:00"}
activities:
  gold: {type: build_audience, where: customer_id <= 8}
  offer: {type: email, from: gold, template: hello, topic: offers}
  three_days: {type: wait, from: offer, for: 3 days}
  keen: {type: filter, from: three_days, where: clicked(offer), complement: others}
  saved: {type: save_audience, from: keen, audience: keen}
  told: {type: alert, from: keen, title: "Keen people", message: "there are some"}
  again: {type: email, from: keen.others, template: hello, topic: offers}
  done: {type: end, from: again}
"""


def draft(town, text=CAMPAIGN):
    town.write("spring", text)
    apply_campaign(town.project, "spring", actor="test")


def begin(town, **told):
    assumed = tuple(Assumption.read(text) for text in told.pop("assumed", ()))
    return start_execution(
        town.project,
        "spring",
        kind="test",
        mode="test",
        simulation=Simulation(assumed=assumed, **told),
        actor="test",
    )


def committed(town, execution):
    return town.project.store.manifests.committed(execution.id)


def status(town, execution):
    return town.project.store.executions.get(execution.id).status


def test_a_test_goes_on_beyond_its_messages_and_nothing_leaves(town):
    draft(town)
    execution = begin(town, assumed=["opened 100%", "clicked 100%"])
    town.run()
    rows = committed(town, execution)
    assert status(town, execution) == "finished"
    assert {name: rows[name].rows for name in ("offer", "keen", "again")} == {
        "offer": 8,
        "keen": 8,
        "again": 0,
    }
    assert rows["offer"].details["result"] == "TEST, nothing was sent"
    assert rows["offer"].details["assumed"] == {"opened": 8, "clicked": 8}
    assert not town.project.store.deliveries.of_execution(execution.id)


def test_nobody_reacts_unless_it_is_assumed(town):
    draft(town)
    execution = begin(town)
    town.run()
    rows = committed(town, execution)
    assert (rows["keen"].rows, rows["keen.others"].rows) == (0, 8)


def test_what_is_assumed_is_the_same_whenever_it_is_asked(town):
    draft(town)
    found = []
    for _ in range(2):
        execution = begin(town, assumed=["offer.clicked 50%"])
        town.run()
        found.append(committed(town, execution)["keen"].rows)
    assert found[0] == found[1]


def test_failures_assumed_leave_by_failed(town):
    draft(town)
    execution = begin(town, assumed=["failed 100%"])
    town.run()
    rows = committed(town, execution)
    assert (rows["offer"].rows, rows["offer.failed"].rows) == (0, 8)


def test_it_ends_with_the_activity_asked_for(town):
    draft(town)
    execution = begin(town, until="offer", waits=True)
    town.run()
    rows = committed(town, execution)
    assert status(town, execution) == "finished"
    assert (rows["offer"].rows, rows["offer"].reached) == (8, True)
    assert rows["three_days"].not_reached_reason == "the test ends with 'offer'"
    assert not rows["saved"].reached


def test_waits_are_waited_when_that_is_wanted(town):
    draft(town)
    execution = begin(town, waits=True)
    town.run()
    assert status(town, execution) == "waiting"
    town.clock.forward(days=3)
    town.run()
    assert status(town, execution) == "finished"


def test_it_says_what_it_left_undone(town):
    draft(town)
    execution = begin(town, assumed=["clicked 100%"])
    town.run()
    rows = committed(town, execution)
    assert rows["saved"].details["left undone"] == (
        "audience 'keen' stays as it is; replace would take 8 rows"
    )
    assert "nobody is alerted" in rows["told"].details["left undone"]
    assert not town.project.store.audiences.current()


def test_people_without_consent_are_left_out_as_in_earnest(town):
    town.load(
        "customer", "customer_id,email,email_ok,tier,store_id\n1,c1@example.com,false,gold,n\n"
    )
    draft(town)
    execution = begin(town)
    town.run()
    rows = committed(town, execution)
    assert (rows["offer"].rows, rows["offer.excluded"].rows) == (7, 1)
    assert rows["offer"].details["excluded"] == {"no_consent": 1}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"until": "ofer"}, "no activity 'ofer'"),
        ({"answers": {"three_days": "maybe"}}, "no answer of 'three_days' 'maybe'"),
        ({"assumed": ["gold.opened 3%"]}, "no message 'gold'"),
        ({"assumed": ["opened 90%", "failed 20%"]}, "more than everybody"),
    ],
)
def test_what_the_version_has_not_is_refused(town, told, said):
    draft(town)
    with pytest.raises(Refused, match=said):
        begin(town, **told)
