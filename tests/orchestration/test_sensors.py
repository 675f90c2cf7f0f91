from dataclasses import replace

import dagster as dg
import pytest

from campanile.operations.authoring.lives import resume
from campanile.operations.scheduling import clock
from campanile.operations.scheduling.requests import ReportRequest
from campanile.orchestration import requests, sensors, session

RUN_ID = "8a4f2b4e-0000-4000-8000-000000000001"


def test_nothing_due_is_a_skip_with_a_sentence(world):
    asked = world.tick()

    assert asked.run_requests == []
    assert asked.skip_message == "Nothing is due; 0 run(s) ended."


def test_a_ready_segment_is_asked_for_with_its_run_key_and_attempt(world):
    execution = world.start()

    (request,) = world.tick().run_requests

    assert request.run_key == f"{execution.id}:start:1"
    assert request.job_name == "campaign_winback__v1"
    assert request.partition_key == execution.key
    assert request.tags["campanile/attempt"] == "1"
    assert request.tags["campanile/mode"] == "live"
    assert {key.path[-1] for key in request.asset_selection} == {
        "lapsed",
        "cells__gold",
        "cells__others",
        "offer__plan",
    }
    assert world.instance.has_dynamic_partition("execution__winback", execution.key)


def test_what_was_asked_for_is_not_asked_for_again(world):
    world.start()

    assert len(world.tick().run_requests) == 1
    assert world.tick().run_requests == []


def test_a_request_that_never_became_a_run_is_asked_for_again_under_its_key(world):
    world.start()
    (lost,) = world.tick().run_requests

    world.later(seconds=61)
    (again,) = world.tick().run_requests

    assert again.run_key == lost.run_key


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 9}, "Version 9 of campaign 'winback' is not served"),
        ({"campaign": "gone"}, "Version 1 of campaign 'gone' is not served"),
        ({"partition": "a...b"}, "'a...b' cannot be the key of an execution."),
        ({"assets": ()}, "names no asset"),
        ({"assets": ("lapsed", "nobody")}, "Job campaign_winback__v1 has no asset nobody."),
    ],
)
def test_a_request_that_does_not_fit_is_held_with_its_reason(world, monkeypatch, changes, reason):
    execution = world.start()
    real = clock.segment_request
    monkeypatch.setattr(
        clock, "segment_request", lambda row, compiled: replace(real(row, compiled), **changes)
    )

    asked = world.tick()

    assert asked.run_requests == []
    assert asked.skip_message.startswith("Nothing could be started; 1 held:")
    assert world.segment(execution).state == "held"
    assert reason in world.segment(execution).reason


def begun(world, execution):
    """Begin the first segment as a run would, and leave it there."""
    session.begin_segment(world.project, "winback", 1, execution.key, "start", RUN_ID, 1)


@pytest.mark.parametrize(
    ("status", "state", "attempt", "execution_status"),
    [
        (dg.DagsterRunStatus.FAILURE, "requested", 2, "running"),
        (dg.DagsterRunStatus.SUCCESS, "requested", 1, "running"),  # a part of it, by hand
        (dg.DagsterRunStatus.CANCELED, "failed", 1, "paused"),
        (dg.DagsterRunStatus.STARTED, "started", 1, "running"),
        (dg.DagsterRunStatus.STARTING, "started", 1, "running"),
        (None, "requested", 2, "running"),  # Dagster does not know it
    ],
)
def test_the_store_learns_what_became_of_a_run(world, status, state, attempt, execution_status):
    execution = world.start()
    begun(world, execution)
    if status is not None:
        world.instance.add_run(dg.DagsterRun("job", run_id=RUN_ID, status=status))

    world.tick()

    segment = world.segment(execution)
    assert (segment.state, segment.attempt) == (state, attempt)
    assert world.project.store.executions.get(execution.id).status == execution_status


def test_a_run_cancelled_in_the_ui_pauses_the_execution_with_that_reason(world):
    execution = world.start()
    begun(world, execution)
    run = dg.DagsterRun("job", run_id=RUN_ID, status=dg.DagsterRunStatus.CANCELED)
    world.instance.add_run(run)

    world.tick()

    paused = world.project.store.executions.get(execution.id)
    assert paused.reason == "the run was cancelled in Dagster"


def test_a_run_that_died_before_it_began_its_segment_is_tried_again_under_a_new_key(world):
    world.start()
    (request,) = world.tick().run_requests
    tags = {"dagster/run_key": request.run_key}
    world.instance.add_run(
        dg.DagsterRun("job", run_id=RUN_ID, status=dg.DagsterRunStatus.FAILURE, tags=tags)
    )

    (again,) = world.tick().run_requests

    assert again.run_key == request.run_key.removesuffix("1") + "2"
    assert again.tags["campanile/attempt"] == "2"


def test_a_failed_activity_fails_the_segment_once_and_the_clock_tries_again(world, monkeypatch):
    execution = world.start()
    real = session.run_activity

    def fails(run, activity, part):
        if activity == "cells":
            raise OSError("disk full")
        return real(run, activity, part)

    monkeypatch.setattr(session, "run_activity", fails)
    (result,) = world.run()
    assert not result.success
    assert world.segment(execution).state == "failed"
    assert world.segment(execution).reason == "activity 'cells': OSError"

    monkeypatch.undo()
    (result,) = world.run()

    assert result.success
    assert world.segment(execution).attempt == 2


def test_three_failures_pause_the_execution(world, monkeypatch):
    execution = world.start()

    def fails(run, activity, part):
        raise OSError("disk full")

    monkeypatch.setattr(session, "run_activity", fails)
    attempts = 0
    while world.run():
        attempts += 1

    assert attempts == 3
    assert world.project.store.executions.get(execution.id).status == "paused"


def test_a_report_is_asked_for_once_and_its_numbers_plot(world, made, monkeypatch):
    execution = world.start()
    report = ReportRequest("r/1", execution.key, "winback", 1, ("offer__report",))
    monkeypatch.setattr(
        sensors, "tick", lambda project, now: replace(clock.tick(project, now), reports=[report])
    )

    results = world.run()
    again = world.run()

    (result,) = [each for each in results if "offer__report" in made(each)]
    assert result.success
    numbers = made(result)["offer__report"]
    assert isinstance(numbers["sent"], dg.IntMetadataValue)
    assert again == []


def test_a_delivery_that_a_send_run_is_at_is_not_sent_by_another(world):
    world.start()
    world.run()
    (send,) = world.tick().run_requests
    assert send.job_name == "send"
    under_way = dg.DagsterRun("send", status=dg.DagsterRunStatus.STARTED, tags=dict(send.tags))

    world.instance.add_run(under_way)

    assert world.tick().run_requests == []
    world.instance.report_run_failed(under_way)
    assert [each.job_name for each in world.tick().run_requests] == ["send"]


def test_a_send_run_that_died_before_it_began_is_asked_for_again_under_a_new_key(world):
    world.start()
    world.run()
    (send,) = world.tick().run_requests
    tags = {**send.tags, "dagster/run_key": send.run_key}
    world.instance.add_run(
        dg.DagsterRun("send", run_id=RUN_ID, status=dg.DagsterRunStatus.FAILURE, tags=tags)
    )

    assert world.tick().run_requests == []  # the old key never runs again
    (again,) = world.tick().run_requests

    assert (again.job_name, again.run_config) == ("send", send.run_config)
    assert again.run_key != send.run_key


def test_reports_let_everything_else_go_first(world):
    world.start()
    (segment,) = world.tick().run_requests
    world.execute(segment)
    (send,) = world.tick().run_requests

    assert segment.tags["dagster/priority"] == send.tags["dagster/priority"] == "1"
    report = ReportRequest("key", "asap-1", "winback", 1, ("offer__report",))
    assert requests._priority(report) == "-1"


def test_the_retargeting_sensor_says_that_nobody_is_new(world):
    asked = world.tick("campaign_retargeting")

    assert asked.skip_message == "Nothing is due; nobody is new."


def test_the_sensors_run_from_the_start_and_the_clock_ticks_every_five_seconds(world):
    clock_sensor = world.location().get_sensor_def("campaign_clock")

    assert clock_sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert clock_sensor.minimum_interval_seconds == 5


def test_a_send_run_cancelled_in_the_ui_pauses_the_delivery_until_it_is_resumed(world):
    execution = world.start()
    world.run()
    (send,) = world.tick().run_requests
    tags = {**send.tags, "dagster/run_key": send.run_key}
    world.instance.add_run(
        dg.DagsterRun("send", run_id=RUN_ID, status=dg.DagsterRunStatus.CANCELED, tags=tags)
    )

    assert world.tick().run_requests == []

    (delivery,) = world.project.store.deliveries.of_execution(execution.id)
    assert (delivery.state, delivery.reason) == ("paused", "cancelled in the Dagster UI")
    entry = world.project.store.audit.entries()[0]
    assert (entry.actor, entry.action) == ("dagster-ui", "pause_delivery")

    resume(world.project, "winback", execution.key, actor="test")
    world.tick()  # finds the run of the old key over

    (again,) = world.tick().run_requests
    assert again.job_name == "send"
    assert again.run_key != send.run_key
