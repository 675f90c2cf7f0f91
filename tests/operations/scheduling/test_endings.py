"""Campaigns that are over are completed, those archived long ago are deleted; by nobody's hand."""

from datetime import UTC, datetime, timedelta

import pytest

from campanile.operations.authoring.steps import take_step
from campanile.operations.scheduling.endings import complete_idle, purge_archived
from campanile.operations.scheduling.schedules import sweep_slots

BUILD = "activities:\n  everybody: {type: build_audience}\n"
ASAP = f"name: fast\nschedule: asap\n{BUILD}"
ONCE = f'name: fast\nschedule: {{once: "2026-11-23 10:00", timezone: UTC}}\n{BUILD}'
ENDING = 'name: fast\nschedule: {every: day, at: "10:00", timezone: UTC, end: 2026-11-23}\n' + BUILD
DAILY = ENDING.replace(", end: 2026-11-23", "")
MODEL = f"model: true\n{ASAP}"


def status(town):
    return town.project.store.campaigns.get("fast").status


def pass_days(town, days):
    """Let days pass, one at a time, with a clock that looks a minute after each slot."""
    for _ in range(days):
        town.clock.now = town.clock.now.replace(hour=10, minute=1) + timedelta(days=1)
        sweep_slots(town.project, town.clock())
        town.run()


@pytest.mark.parametrize("text", [ASAP, ONCE, ENDING], ids=["asap", "once", "ending"])
def test_a_campaign_that_did_all_it_will_is_completed_within_three_days(town, text):
    town.publish("fast", text)
    town.run()
    pass_days(town, 1)
    complete_idle(town.project, town.clock())
    assert status(town) != "completed"

    pass_days(town, 4)
    complete_idle(town.project, town.clock())

    assert status(town) == "completed"
    newest = town.project.store.audit.entries("campaign:fast")[0]
    assert (newest.actor, newest.action) == ("clock", "complete")


@pytest.mark.parametrize("text", [DAILY, MODEL], ids=["daily", "model"])
def test_one_that_will_start_again_goes_on(town, text):
    town.publish("fast", text)
    town.clock.forward(days=4)

    assert complete_idle(town.project, town.clock()) == []


def test_one_whose_last_execution_failed_waits_for_a_person(town):
    town.publish("fast", ASAP)
    (execution,) = town.project.store.executions.of_campaign("fast")
    town.project.store.executions.fail(execution.id, by="test", reason="nobody came")
    town.clock.forward(days=9)

    assert complete_idle(town.project, town.clock()) == []
    assert status(town) == "live"


def test_a_closed_campaign_is_completed_once_nothing_is_under_way(town):
    town.publish("fast", DAILY)
    town.clock.now = datetime(2026, 11, 22, 10, 1, tzinfo=UTC)
    sweep_slots(town.project, town.clock())
    take_step(town.project, "fast", "close", actor="ana")
    town.clock.forward(days=4)
    assert complete_idle(town.project, town.clock()) == []

    town.run()
    town.clock.forward(days=3)

    assert complete_idle(town.project, town.clock()) == ["fast"]


def test_what_was_archived_is_deleted_after_thirty_days_with_its_tables(town):
    town.publish("fast", ASAP)
    town.run()
    folder = town.project.warehouse.work_directory("fast", "any", "any").parents[1]
    assert folder.exists()
    for step in ("stop", "archive"):
        take_step(town.project, "fast", step, actor="ana")
    town.clock.forward(days=29)
    assert purge_archived(town.project, town.clock()) == []

    town.clock.forward(days=1, seconds=1)

    assert purge_archived(town.project, town.clock()) == ["fast"]
    assert not folder.exists()
    assert town.project.store.campaigns.inventory() == ()
    assert (town.project.folder / "campaigns" / "fast.yaml").exists()
