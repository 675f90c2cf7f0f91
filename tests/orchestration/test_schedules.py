from datetime import UTC, datetime

import dagster as dg
import pytest

SLOT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def instance():
    with dg.instance_for_test() as on_disk:  # a schedule opens its instance by reference
        yield on_disk


def ring(location, instance):
    repository = location()
    with dg.build_schedule_context(
        instance=instance, repository_def=repository, scheduled_execution_time=SLOT
    ) as context:
        alarm = repository.get_schedule_def("campaign_winback")
        return alarm.evaluate_tick(context)


def test_an_alarm_claims_its_slot_and_asks_for_the_first_segment(operations, location, instance):
    (request,) = ring(location, instance).run_requests

    assert request.partition_key == "2026-11-23T08-00"
    assert request.job_name == "campaign_winback__v1"
    assert instance.has_dynamic_partition("execution__winback", "2026-11-23T08-00")
    assert operations.segments["2026-11-23T08-00", "start"].state == "requested"


def test_a_slot_is_claimed_once(location, instance):
    ring(location, instance)

    again = ring(location, instance)

    assert again.run_requests == []
    assert again.skip_message == "skip: slot 2026-11-23T08-00 is claimed"


def test_an_alarm_of_an_older_version_leaves_the_start_to_the_clock(
    operations, campaign, location, instance
):
    old = location()
    old.load_all_definitions()
    operations.publish(campaign(2))
    with dg.build_schedule_context(
        instance=instance, repository_def=location(), scheduled_execution_time=SLOT
    ) as context:
        asked = old.get_schedule_def("campaign_winback").evaluate_tick(context)

    assert asked.run_requests == []
    assert "the clock starts it" in asked.skip_message
    assert operations.segments["2026-11-23T08-00", "start"].state == "ready"


def test_schedules_are_on_from_the_start_in_the_zone_of_the_campaign(location):
    (alarm,) = location().schedule_defs

    assert alarm.default_status == dg.DefaultScheduleStatus.RUNNING
    assert alarm.execution_timezone == "Europe/Paris"
    assert alarm.cron_schedule == ["0 9 * * 1"]
