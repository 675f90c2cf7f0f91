from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

SLOT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
AS_DAGSTER_SAYS_IT = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.fixture
def instance():
    with dg.instance_for_test() as on_disk:  # a schedule opens its instance by reference
        yield on_disk


def ring(world, slot=AS_DAGSTER_SAYS_IT, alarm=None):
    world.now = slot.astimezone(UTC)
    repository = world.location()
    with dg.build_schedule_context(
        instance=world.instance, repository_def=repository, scheduled_execution_time=slot
    ) as context:
        chosen = alarm or repository.get_schedule_def("campaign_winback")
        return chosen.evaluate_tick(context)


def test_an_alarm_claims_its_slot_and_asks_for_the_first_segment(world):
    (request,) = ring(world).run_requests

    assert request.partition_key == "2026-11-23T08-00"
    assert request.job_name == "campaign_winback__v1"
    assert world.instance.has_dynamic_partition("execution__winback", "2026-11-23T08-00")
    (execution,) = world.project.store.executions.open_executions()
    assert execution.slot == SLOT
    assert world.segment(execution).state == "requested"


def test_a_slot_is_claimed_once(world):
    ring(world)

    again = ring(world)

    assert again.run_requests == []
    assert again.skip_message.startswith("skip: ")


def test_an_alarm_that_rings_between_slots_starts_nothing(world):
    asked = ring(world, SLOT.replace(hour=9))

    assert asked.run_requests == []
    assert asked.skip_message == "skip: the schedule has no launch at this time"


def test_an_alarm_of_an_older_version_leaves_the_start_to_the_clock(world):
    old = world.location()
    old.load_all_definitions()
    world.edit("campaigns/winback.yaml", ("customer_id > 0, note", "customer_id > 1, note"))
    world.publish()

    asked = ring(world, alarm=old.get_schedule_def("campaign_winback"))

    assert asked.run_requests == []
    assert "the clock starts it" in asked.skip_message
    (execution,) = world.project.store.executions.open_executions()
    assert world.segment(execution).state == "ready"
    assert [r.job_name for r in world.tick().run_requests] == ["campaign_winback__v2"]


def test_schedules_are_on_from_the_start_in_the_zone_of_the_campaign(world):
    (alarm,) = world.location().schedule_defs

    assert alarm.default_status == dg.DefaultScheduleStatus.RUNNING
    assert alarm.cron_schedule == ["0 9 * * 1"]
