"""A worker or the clock dies at each step boundary: the next attempt ends what it began, once."""

import pytest
from tests.operations.deaths import Killed, kill

from campanile.operations.scheduling.clock import run_ended, started_runs
from campanile.store.advances import Advances
from campanile.store.consumed import ConsumedEvents
from campanile.store.deliveries import Deliveries
from campanile.store.gates import Gates
from campanile.store.manifests import Manifests
from campanile.store.planning import Planner
from campanile.store.segments import Segments
from campanile.warehouse.session import DuckDBSession

OFFER = """
name: spring
schedule: asap
activities:
  everybody: {type: build_audience}
  offer: {type: email, from: everybody, template: hello, topic: offers, confirm: false}
  gold: {type: filter, from: offer, where: tier = 'gold'}
  keep: {type: save_audience, from: gold, audience: gold}
  tell: {type: alert, from: gold, title: Done}
"""
FOLLOW = """
name: follow
schedule: {on_feedback: spring.offer, event: clicked, every: 1 minute}
activities:
  new: {type: incoming}
  voucher: {type: email, from: new, template: hello, topic: offers}
"""


def run_with_deaths(town):
    """Run to the end; after each death Dagster reports the run as failed."""
    for _ in range(10):
        try:
            town.run()
        except Killed:
            for started in started_runs(town.project):
                run_ended(town.project, started, "failure")
        else:
            return


def recipients(town):
    return sorted(one for each in town.sink.accepted() for one in each["rcpt"])


EVERYBODY = sorted(f"c{n}@example.com" for n in range(1, 11))
BOUNDARIES = [
    (Segments, "begin", 1, "before"),
    (Segments, "begin", 1, "after"),
    (Segments, "begin", 2, "after"),
    (DuckDBSession, "write", 1, "after"),
    (Deliveries, "create", 1, "before"),
    (Deliveries, "create", 1, "after"),
    (Planner, "_commit", 1, "after"),
    (Planner, "_complete", 1, "after"),
    (Manifests, "commit_outputs", 1, "after"),
    (Manifests, "commit_outputs", 2, "after"),
    (Manifests, "commit_outputs", 3, "before"),
    (Manifests, "commit_outputs", 5, "before"),
    (Manifests, "commit_outputs", 6, "after"),
    (Segments, "succeed", 1, "before"),
    (Segments, "succeed", 2, "after"),
    (Advances, "advance", 1, "before"),
    (Advances, "advance", 2, "after"),
    (Gates, "release", 1, "after"),
]


@pytest.mark.parametrize(
    ("owner", "method", "nth", "when"), BOUNDARIES, ids=lambda v: getattr(v, "__name__", str(v))
)
def test_everybody_gets_one_message_whoever_dies_where(town, monkeypatch, owner, method, nth, when):
    town.publish("spring", OFFER)
    calls = kill(monkeypatch, owner, method, after=when == "after", nth=nth)

    run_with_deaths(town)

    assert len(calls) >= nth
    store = town.project.store
    execution = store.executions.of_campaign("spring")[0]
    delivery = store.deliveries.find("spring", execution.id, "offer")
    account = store.deliveries.account(delivery.id)
    assert execution.status == "finished"
    assert recipients(town) == EVERYBODY
    assert (account.planned, account.sent, account.closes) == (10, 10, True)
    assert store.audiences.current()["gold"].rows == 3
    assert len(store.alerts.newest()) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("owner", [ConsumedEvents, Manifests])
def test_new_people_are_taken_in_once_whenever_the_worker_dies(town, monkeypatch, owner, after):
    town.publish("spring", OFFER)
    town.publish("follow", FOLLOW)
    town.run()
    town.clock.forward(hours=1)
    town.click("spring", "offer", {"1", "2"})
    town.clock.forward(minutes=2)
    method = "add" if owner is ConsumedEvents else "commit_outputs"
    kill(monkeypatch, owner, method, after=after)

    run_with_deaths(town)
    town.clock.forward(minutes=2)
    run_with_deaths(town)

    sent = [row.person for row in town.messages("follow", "voucher") if row.state == "sent"]
    assert sorted(sent) == ["1", "2"]


def test_a_plan_that_was_cut_off_is_continued_with_the_same_ordinals(town, monkeypatch):
    monkeypatch.setattr("campanile.store.planning._MOST_ROWS", 3)
    monkeypatch.setattr("campanile.store.planning._FEWEST_ROWS", 3)
    real = Planner.__init__

    def small(self, ledger, now):
        real(self, ledger, now)
        self._rows = 3

    monkeypatch.setattr(Planner, "__init__", small)
    town.publish("spring", OFFER)
    kill(monkeypatch, Planner, "_commit", after=True, nth=2)
    with pytest.raises(Killed):
        town.run()
    cut = {row.ordinal: row.person for row in town.messages("spring", "offer")}
    for started in started_runs(town.project):
        run_ended(town.project, started, "failure")

    town.run()

    whole = {row.ordinal: row.person for row in town.messages("spring", "offer")}
    assert len(cut) == 6
    assert cut.items() <= whole.items()
    assert sorted(whole) == list(range(10))
    assert recipients(town) == EVERYBODY
