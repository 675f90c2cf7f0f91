"""The clock: what moves by itself, what one broken thing may not stop, and what it must not do."""

from datetime import timedelta

import pytest

from campanile.operations.authoring.versions import publish
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_runs import begin_segment
from campanile.operations.scheduling.clock import mark_requested, run_ended, started_runs, tick
from campanile.operations.scheduling.requests import StartedSegment
from campanile.store.campaign_tables import campaign_version

WAIT = """
name: slow
schedule: asap
activities:
  everybody: {type: build_audience}
  a_day: {type: wait, from: everybody, for: 1 day}
  gold: {type: filter, from: a_day, where: tier = 'gold'}
"""
FAST = """
name: fast
schedule: asap
activities:
  everybody: {type: build_audience}
"""
DAILY = """
name: daily
schedule: {every: day, at: "09:00", timezone: UTC}
activities:
  everybody: {type: build_audience}
"""


def execution_of(town, campaign="slow"):
    return town.project.store.executions.of_campaign(campaign)[0]


def test_two_clocks_at_once_ask_for_one_run_and_retry_a_failure_once(town):
    town.publish("slow", WAIT)
    one = tick(town.project, town.clock()).segments
    two = tick(town.project, town.clock()).segments
    mark_requested(town.project, one)
    mark_requested(town.project, two)
    (started,) = started_runs(town.project)

    run_ended(town.project, started, "failure")
    run_ended(town.project, started, "failure")

    assert [each.run_key for each in one] == [each.run_key for each in two]
    segment = town.project.store.segments.get(one[0].execution_id, "start")
    assert (segment.state, segment.attempt, segment.failures) == ("ready", 2, 1)


def test_a_run_that_failed_before_it_began_is_retried(town):
    town.publish("slow", WAIT)
    (request,) = tick(town.project, town.clock()).segments
    mark_requested(town.project, [request])
    (started,) = started_runs(town.project)
    assert started.run_id is None

    run_ended(town.project, started, "failure")

    (again,) = tick(town.project, town.clock()).segments
    assert again.attempt == 2


def test_a_failure_before_the_first_segment_began_is_retried_though_its_clock_died(town):
    town.publish("slow", WAIT)
    (request,) = tick(town.project, town.clock()).segments
    store = town.project.store
    store.segments.request([(request.execution_id, "start", 1)])
    store.segments.fail(request.execution_id, "start", 1, reason="the clock died here")

    (again,) = tick(town.project, town.clock()).segments

    assert execution_of(town).status == "requested"
    assert again.attempt == 2


def test_a_request_that_never_became_a_run_is_asked_again_under_its_key(town):
    town.publish("slow", WAIT)
    (request,) = tick(town.project, town.clock()).segments
    mark_requested(town.project, [request])
    assert tick(town.project, town.clock()).segments == []

    town.clock.forward(seconds=61)

    assert [each.run_key for each in tick(town.project, town.clock()).segments] == [request.run_key]


def test_a_part_made_by_hand_is_no_failure_and_the_clock_does_the_rest(town):
    town.publish("slow", WAIT)
    execution = execution_of(town)
    run = begin_segment(town.project, "slow", 1, execution.key, "start", "by-hand")
    assert tick(town.project, town.clock()).segments == []  # not beside a live run

    (started,) = started_runs(town.project)
    run_ended(town.project, started, "success")
    (request,) = tick(town.project, town.clock()).segments
    town.work(request)

    segment = town.project.store.segments.get(execution.id, "start")
    assert (segment.state, segment.attempt, segment.failures) == ("succeeded", run.attempt, 0)


def test_a_part_made_by_hand_beside_the_clocks_run_ends_nothing_of_it(town):
    town.publish("slow", WAIT)
    (request,) = tick(town.project, town.clock()).segments
    mark_requested(town.project, [request])
    begin_segment(town.project, "slow", 1, request.partition, "start", "by-hand")
    run = town.begin(request)

    run_ended(town.project, StartedSegment(request.execution_id, "start", 1, "by-hand"), "success")
    run_activity(run, "everybody", "all")
    (started,) = started_runs(town.project)

    assert started.run_id == f"run-{request.run_key}"
    assert tick(town.project, town.clock()).segments == []


def test_a_run_of_the_clock_that_leaves_a_part_undone_counts_as_failed(town):
    town.publish("slow", WAIT)
    (request,) = tick(town.project, town.clock()).segments
    town.begin(request)

    for _ in range(2):  # known by its run first, then by its key
        (started,) = started_runs(town.project)
        run_ended(town.project, started, "success")

    (again,) = tick(town.project, town.clock()).segments
    assert again.attempt == 2


@pytest.mark.parametrize("outcome", ["success", "failure", "missing"])
def test_a_segment_that_is_all_committed_has_succeeded_however_its_run_ended(town, outcome):
    town.publish("fast", FAST)
    (request,) = tick(town.project, town.clock()).segments
    run_activity(town.begin(request), "everybody", "all")
    (started,) = started_runs(town.project)

    run_ended(town.project, started, outcome)

    assert execution_of(town, "fast").status == "finished"


def test_a_wait_counts_from_the_commit_however_late_somebody_notices(town):
    town.publish("slow", WAIT)
    (request,) = tick(town.project, town.clock()).segments
    run_activity(town.begin(request), "everybody", "all")
    committed_at = town.clock()
    town.clock.forward(hours=5)
    (started,) = started_runs(town.project)

    run_ended(town.project, started, "failure")

    (gate,) = town.project.store.gates.of_execution(request.execution_id)
    assert gate.due_at == committed_at + timedelta(days=1)


def test_a_gate_whose_clock_died_after_opening_it_is_found(town):
    town.publish("slow", WAIT)
    town.run()
    town.clock.forward(days=1)
    town.project.store.gates.release_due(town.clock())  # and no more: the clock died

    town.run()

    assert execution_of(town).status == "finished"


def test_a_version_that_cannot_be_read_holds_its_own_executions_only(town):
    town.publish("slow", WAIT)
    town.publish("fast", FAST)
    town.publish("daily", DAILY)
    with town.project.store.databases["control"].write() as connection:
        broken = campaign_version.update().where(campaign_version.c.campaign.in_(["slow", "daily"]))
        connection.execute(broken.values(compiled={"language_version": 1}))

    found = tick(town.project, town.clock()).segments

    assert [each.campaign for each in found] == ["fast"]
    segment = town.project.store.segments.get(execution_of(town).id, "start")
    assert segment.state == "held"
    assert "cannot be read" in segment.reason
    assert "cannot be read" in town.project.store.campaigns.get("daily").warning


def test_segments_that_cannot_run_keep_nobody_else_waiting(town):
    town.publish("slow", WAIT)
    for _ in range(59):
        town.clock.forward(seconds=1)
        start_one(town, "slow")
    store = town.project.store
    for each in store.executions.open_executions("slow"):
        store.segments.hold(each.id, "start", reason="not served")
    town.publish("fast", FAST)

    found = tick(town.project, town.clock()).segments

    assert found[0].campaign == "fast"
    assert len(found) == 61
    mark_requested(town.project, found[-1:])
    assert store.segments.get(found[-1].execution_id, "start").state == "requested"


def start_one(town, campaign):
    from campanile.operations.authoring.versions import start_execution

    return start_execution(town.project, campaign, kind="manual", actor="test")


def test_a_request_that_was_paused_in_this_moment_does_not_stop_the_others(town):
    town.publish("slow", WAIT)
    town.publish("fast", FAST)
    found = tick(town.project, town.clock()).segments
    town.project.store.executions.pause(execution_of(town).id, by="ana", reason="wait")

    mark_requested(town.project, found)

    states = {each.campaign: each for each in town.project.store.segments.requested_or_started()}
    assert list(states) == ["fast"]


def test_an_asap_campaign_starts_once_for_each_version_however_often_it_is_published(town):
    town.publish("fast", FAST)
    publish(town.project, "fast", actor="test")
    town.project.store.executions.fail(execution_of(town, "fast").id, by="test", reason="empty")
    town.project.store.lives.take("fast", "unpublish", by="ana")
    publish(town.project, "fast", actor="test")
    assert len(town.project.store.executions.of_campaign("fast")) == 1

    town.publish("fast", FAST.replace("build_audience", "build_audience, where: tier = 'gold'"))
    publish(town.project, "fast", version=1, actor="test")

    versions = [each.version for each in town.project.store.executions.of_campaign("fast")]
    assert versions == [2, 1]


def test_a_clock_set_back_neither_opens_nor_repeats_anything(town):
    town.publish("slow", WAIT)
    town.run()
    town.clock.forward(days=1)
    town.run()
    town.clock.forward(days=-3)

    town.run()

    assert execution_of(town).status == "finished"
    assert len(town.project.store.executions.of_campaign("slow")) == 1
