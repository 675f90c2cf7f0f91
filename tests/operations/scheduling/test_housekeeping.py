"""Housekeeping takes away what outlived its time, and nothing that somebody may still need."""

from datetime import timedelta
from pathlib import Path

from campanile.operations.scheduling.clock import tick
from campanile.operations.scheduling.housekeeping import Kept, keep_house

SPRING = """
name: spring
schedule: asap
activities:
  everybody: {type: build_audience}
  gold: {type: filter, from: everybody, where: tier = 'gold'}
"""
WAITING = SPRING.replace("spring", "waiting") + "  long: {type: wait, from: gold, for: 90 days}\n"
LETTERS = """
name: letters
schedule: asap
activities:
  everybody: {type: build_audience}
  letter: {type: email, from: everybody, template: hello, topic: offers, confirm: false}
"""


def paths_of(town, campaign):
    execution = town.project.store.executions.of_campaign(campaign)[0]
    return {n: row.path for n, row in town.project.store.manifests.committed(execution.id).items()}


def house(town, *, later):
    """A round at a later time; the mark of the last one is taken away."""
    (town.project.state / "housekept").unlink(missing_ok=True)
    return keep_house(town.project, town.clock() + later)


def test_tables_go_a_month_after_their_execution_ended_and_their_counts_stay(town):
    town.publish("spring", SPRING)
    town.run()
    files = [Path(path) for path in paths_of(town, "spring").values()]

    early = house(town, later=timedelta(days=29))
    assert all(file.exists() for file in files)
    late = house(town, later=timedelta(days=31))

    assert (early.executions, late.executions) == (0, 1)
    assert not any(file.exists() for file in files)
    assert set(paths_of(town, "spring").values()) == {None}
    execution = town.project.store.executions.of_campaign("spring")[0]
    assert town.project.store.manifests.committed(execution.id)["gold"].rows == 3


def test_tables_and_pinned_versions_of_a_waiting_execution_stay(town):
    town.publish("waiting", WAITING)
    town.run()
    pinned = town.project.store.entities.current(["customer"])["customer"].paths
    town.load("customer", "customer_id,email,email_ok,tier,store_id\n1,,,gold,\n")

    kept = house(town, later=timedelta(days=60))

    assert kept.executions == kept.versions == 0
    assert all(Path(path).exists() for path in paths_of(town, "waiting").values())
    assert all(Path(path).exists() for path in pinned)


def test_a_version_that_nobody_needs_goes(town):
    old = town.project.store.entities.current(["customer"])["customer"].paths
    town.load("customer", "customer_id,email,email_ok,tier,store_id\n1,,,gold,\n")
    now = town.project.store.entities.current(["customer"])["customer"].paths

    assert house(town, later=timedelta(minutes=30)).versions == 0  # a segment may be pinning it
    assert house(town, later=timedelta(hours=2)).versions == 1

    assert not any(Path(path).exists() for path in old)
    assert all(Path(path).exists() for path in now)


def test_the_clock_keeps_house_once_a_day(town):
    tick(town.project, town.clock())

    assert (town.project.state / "housekept").exists()
    assert keep_house(town.project, town.clock()) == Kept()


def test_opens_and_clicks_go_after_their_time_and_what_was_sent_stays(town):
    town.publish("letters", LETTERS)
    town.run()
    town.clock.forward(hours=1)
    town.click("letters", "letter", {"1", "2"})
    town.clock.forward(hours=1)
    town.click("letters", "letter", {"3"})

    assert house(town, later=timedelta(days=729)).events == 0
    assert house(town, later=timedelta(days=731)).events == 2  # the newest one is the watermark
    assert len([row for row in town.messages("letters", "letter") if row.state == "sent"]) == 10
