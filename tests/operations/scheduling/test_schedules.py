"""Slots of schedules: claimed once, never from before the publication, never a week's at once."""

from datetime import UTC, datetime, timedelta

from campanile.operations.authoring.versions import publish
from campanile.operations.scheduling.clock import tick
from campanile.operations.scheduling.schedules import claim_slot, sweep_slots

DAILY = """
name: daily
schedule: {every: day, at: "10:00", timezone: UTC}
activities:
  everybody: {type: build_audience}
"""
OFTEN = DAILY.replace('every: day, at: "10:00"', "every: 15 minutes")
NIGHT = DAILY.replace('"10:00", timezone: UTC', '"02:30", timezone: Europe/Paris')


def at(hour, minute=0, day=22):
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def executions(town):
    return [(each.key, each.status) for each in town.project.store.executions.of_campaign("daily")]


def test_the_alarm_and_the_sweep_make_one_execution_of_a_slot(town):
    town.publish("daily", DAILY)
    town.clock.now = at(10, 1)

    first = claim_slot(town.project, "daily", at(10), "schedule daily")
    sweep_slots(town.project, town.clock())
    second = claim_slot(town.project, "daily", at(10), "schedule daily")

    assert (first.state, second.state) == ("run", "skip")
    assert executions(town) == [("2026-11-22T10-00", "requested")]


def test_a_slot_whose_alarm_did_not_ring_is_taken_by_the_clock(town):
    town.publish("daily", DAILY)
    town.clock.now = at(10, 0)
    assert tick(town.project, town.clock()).segments == []  # the alarm has time to ring

    town.clock.now = at(10, 1)

    assert [each.partition for each in tick(town.project, town.clock()).segments] == [
        "2026-11-22T10-00"
    ]


def test_a_slot_from_before_the_publication_never_runs(town):
    town.clock.now = at(10, 0) + timedelta(seconds=20)
    town.publish("daily", DAILY)

    by_alarm = claim_slot(town.project, "daily", at(10), "schedule daily")
    town.clock.now = at(10, 5)
    sweep_slots(town.project, town.clock())

    assert by_alarm.state == "skip"
    assert executions(town) == []


def test_slots_of_the_time_when_it_was_no_longer_published_never_run(town):
    town.publish("daily", DAILY)
    town.project.store.lives.take("daily", "unpublish", by="ana")
    town.clock.now = at(11, day=24)
    publish(town.project, "daily", actor="ana")

    sweep_slots(town.project, town.clock())

    assert executions(town) == []


def test_a_new_version_does_not_run_slots_from_before_it(town):
    town.publish("daily", DAILY)
    town.clock.now = at(12)
    town.run()
    town.publish("daily", DAILY.replace("10:00", "11:00"))

    town.clock.now = at(12, 1)
    sweep_slots(town.project, town.clock())

    assert executions(town) == [("2026-11-22T10-00", "finished")]


def test_applying_a_draft_rolls_past_no_slot_of_the_published_version(town):
    town.publish("daily", DAILY)
    town.clock.now = at(10, 30)
    town.write("daily", DAILY.replace("10:00", "11:00"))
    from campanile.operations.authoring.versions import apply_campaign

    apply_campaign(town.project, "daily", actor="ana")
    sweep_slots(town.project, town.clock())

    assert executions(town) == [("2026-11-22T10-00", "requested")]


def test_after_a_long_stop_the_newest_slot_alone_is_held_and_the_next_one_runs(town):
    town.publish("daily", OFTEN.replace("15 minutes", "12 hours"))
    town.clock.now = at(7, day=26)

    sweep_slots(town.project, town.clock())
    sweep_slots(town.project, town.clock())
    assert executions(town) == [("2026-11-26T00-00", "held")]
    states = [each.state for each in town.project.store.occurrences.of_campaign("daily")]
    assert states == ["held", *["missed"] * 7]

    town.clock.now = at(12, 1, day=26)
    sweep_slots(town.project, town.clock())

    assert executions(town) == [("2026-11-26T12-00", "requested"), ("2026-11-26T00-00", "held")]


def test_a_short_stop_of_a_frequent_schedule_gives_one_execution(town):
    town.publish("daily", OFTEN)
    town.clock.now = at(11, 1)

    sweep_slots(town.project, town.clock())

    assert executions(town) == [("2026-11-22T11-00", "requested")]


def test_a_slot_in_the_hour_that_a_clock_change_repeats_runs_once(town):
    town.clock.now = datetime(2026, 10, 24, 12, tzinfo=UTC)
    town.publish("daily", NIGHT)
    town.clock.now = datetime(2026, 10, 25, 3, tzinfo=UTC)

    second_of_both = claim_slot(
        town.project, "daily", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "schedule daily"
    )
    sweep_slots(town.project, town.clock())

    assert second_of_both.state == "skip"
    assert executions(town) == [("2026-10-25T00-30", "requested")]


def test_a_closed_campaign_gets_no_slot_and_its_execution_goes_on(town):
    town.publish("daily", DAILY)
    town.clock.now = at(10, 1)
    sweep_slots(town.project, town.clock())
    town.project.store.lives.take("daily", "close", by="ana")

    claimed = claim_slot(town.project, "daily", at(10), "schedule daily")
    town.run()

    assert claimed.state == "skip"
    assert executions(town) == [("2026-11-22T10-00", "finished")]
