import dagster as dg
import pytest

from campanile.orchestration.port import ReportRequest, SegmentRequest, SendRequest, Tick

EXECUTION = "2026-11-23T08-00"


def test_nothing_due_is_a_skip_with_a_sentence(operations, tick):
    asked = tick()

    assert asked.run_requests == []
    assert asked.skip_message == "Nothing is due; 0 run(s) ended."


def test_a_ready_segment_is_asked_for_with_its_run_key_and_attempt(operations, tick, instance):
    operations.start("winback", EXECUTION)

    (request,) = tick().run_requests

    assert request.run_key == f"{EXECUTION}/start/1"
    assert request.job_name == "campaign_winback__v1"
    assert request.partition_key == EXECUTION
    assert request.tags["campanile/attempt"] == "1"
    assert {key.path[-1] for key in request.asset_selection} == {
        "lapsed",
        "cells__a",
        "cells__b",
        "offer__plan",
    }
    assert instance.has_dynamic_partition("execution__winback", EXECUTION)


def test_what_was_asked_for_is_not_asked_for_again(operations, tick):
    operations.start("winback", EXECUTION)

    assert len(tick().run_requests) == 1
    assert tick().run_requests == []


def test_a_send_is_asked_for_with_its_delivery_and_runs(operations, run, monkeypatch):
    sends = Tick(sends=[SendRequest(7, 3, "7/3/1")])
    monkeypatch.setattr(operations, "tick", lambda: sends)

    (result,) = run()

    assert result.success
    assert result.job_def.name == "send"
    assert operations.sent == [7]


def test_a_report_is_asked_for_and_its_numbers_plot(operations, run, monkeypatch):
    reports = Tick(reports=[ReportRequest("r/1", EXECUTION, "winback", 1, ("offer__report",))])
    monkeypatch.setattr(operations, "tick", lambda: reports)

    (result,) = run()

    (event,) = [e for e in result.all_events if e.event_type_value == "ASSET_MATERIALIZATION"]
    metadata = event.step_materialization_data.materialization.metadata
    assert metadata["sent"] == dg.MetadataValue.int(10)
    assert metadata["open rate"] == dg.MetadataValue.float(0.4)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 9}, "Version 9 of campaign 'winback' is not served"),
        ({"campaign": "gone"}, "Version 1 of campaign 'gone' is not served"),
        ({"partition": "a...b"}, "'a...b' cannot be the key of an execution."),
        ({"assets": ()}, "names no asset"),
    ],
)
def test_a_request_that_does_not_fit_is_held_with_its_reason(operations, tick, changes, reason):
    fields = {
        "run_key": "x",
        "partition": EXECUTION,
        "campaign": "winback",
        "version": 1,
        "execution_id": 1,
        "segment": "start",
        "attempt": 1,
        "assets": ("lapsed",),
    }
    operations.extra.append(SegmentRequest(**{**fields, **changes}))

    asked = tick()

    assert asked.run_requests == []
    assert reason in operations.held[0][1]
    assert asked.skip_message.startswith("Nothing could be started; 1 held:")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (dg.DagsterRunStatus.SUCCESS, "success"),
        (dg.DagsterRunStatus.FAILURE, "failure"),
        (dg.DagsterRunStatus.CANCELED, "cancelled"),
        (None, "missing"),
    ],
)
def test_the_store_learns_what_became_of_a_run(operations, tick, instance, status, outcome):
    operations.start("winback", EXECUTION)
    segment = operations.segments[EXECUTION, "start"]
    segment.state, segment.run_id = "started", "8a4f2b4e-0000-4000-8000-000000000001"
    if status is not None:
        instance.add_run(dg.DagsterRun("job", run_id=segment.run_id, status=status))

    tick()

    assert operations.ended == [("start", outcome)]


def test_a_run_under_way_is_left_alone(operations, tick, instance):
    operations.start("winback", EXECUTION)
    segment = operations.segments[EXECUTION, "start"]
    segment.state, segment.run_id = "started", "8a4f2b4e-0000-4000-8000-000000000002"
    instance.add_run(
        dg.DagsterRun("job", run_id=segment.run_id, status=dg.DagsterRunStatus.STARTED)
    )

    tick()

    assert operations.ended == []


def test_a_failed_activity_fails_the_segment_once_the_run_is_over(operations, run, monkeypatch):
    operations.start("winback", EXECUTION)
    original = operations.run_activity

    def fails(run, activity, part):
        if activity == "cells":
            raise OSError("disk full")
        return original(run, activity, part)

    monkeypatch.setattr(operations, "run_activity", fails)
    (result,) = run()

    assert not result.success
    row = operations.segments[EXECUTION, "start"]
    assert (row.state, row.attempt) == ("ready", 2)
    assert row.reason == "activity 'cells': OSError"


def test_the_sensors_run_from_the_start_and_the_clock_ticks_every_five_seconds(location):
    clock = location().get_sensor_def("campaign_clock")

    assert clock.default_status == dg.DefaultSensorStatus.RUNNING
    assert clock.minimum_interval_seconds == 5


@pytest.fixture
def tick(operations, instance, location):
    def evaluate():
        repository = location()
        with dg.build_sensor_context(instance=instance, repository_def=repository) as context:
            return repository.get_sensor_def("campaign_clock").evaluate_tick(context)

    return evaluate
