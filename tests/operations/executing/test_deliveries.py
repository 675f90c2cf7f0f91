"""Deliveries of executions: what may leave, and what a stop, a test or nobody means for them."""

import pytest

from campanile.errors import Refused
from campanile.operations.authoring import lives
from campanile.operations.authoring.versions import apply_campaign, start_execution
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_runs import finish_segment
from campanile.operations.scheduling.clock import tick
from campanile.operations.scheduling.sends import send

OFFER = """
name: spring
schedule: asap
activities:
  everybody: {type: build_audience}
  offer: {type: email, from: everybody, template: hello, topic: offers, confirm: false}
  a_day: {type: wait, from: offer, for: 1 day}
  keep: {type: save_audience, from: a_day, audience: reached}
  tell: {type: alert, from: everybody, title: Begun}
"""


def planned_but_not_committed(town, monkeypatch):
    """A worker that has planned, and is about to commit."""
    town.publish("spring", OFFER)
    (request,) = tick(town.project, town.clock()).segments
    run = town.begin(request)
    run_activity(run, "everybody", "all")

    def dies(*_given, **_named):
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("campanile.store.manifests.Manifests.commit_outputs", dies)
        with pytest.raises(OSError, match="full"):
            run_activity(run, "offer", "plan")
    delivery = town.project.store.deliveries.find("spring", request.execution_id, "offer")
    return run, delivery


def test_nothing_leaves_before_the_plan_is_committed(town, monkeypatch):
    run, delivery = planned_but_not_committed(town, monkeypatch)
    assert delivery.planned_complete

    assert tick(town.project, town.clock()).sends == []
    with pytest.raises(Refused, match="not committed"):
        send(town.project, delivery.id)

    run_activity(run, "offer", "plan")
    assert [each.delivery_id for each in tick(town.project, town.clock()).sends] == [delivery.id]


def test_a_plan_that_is_finished_while_its_execution_is_stopped_is_called_back(town, monkeypatch):
    run, delivery = planned_but_not_committed(town, monkeypatch)
    town.project.store.executions.stop(run.execution.id, by="ana", reason="no")

    assert tick(town.project, town.clock()).sends == []

    account = town.project.store.deliveries.account(delivery.id)
    assert account.excluded == {"cancelled": 10}
    assert town.sink.accepted() == []


def test_a_plan_that_is_finished_while_its_execution_is_paused_waits_for_the_resume(town):
    town.publish("spring", OFFER)
    (request,) = tick(town.project, town.clock()).segments
    run = town.begin(request)
    run_activity(run, "everybody", "all")
    lives.pause(town.project, "spring", None, actor="ana", reason="let me look")
    run_activity(run, "offer", "plan")
    run_activity(run, "tell", "all")
    finish_segment(run)
    assert tick(town.project, town.clock()).sends == []

    lives.resume(town.project, "spring", None, actor="ana")
    town.run()

    assert len(town.sink.accepted()) == 10


def test_a_stopped_execution_sends_nothing_more_and_commits_nothing_more(town):
    town.publish("spring", OFFER)
    (request,) = tick(town.project, town.clock()).segments
    town.work(request)

    stopped = lives.stop(town.project, "spring", request.partition, actor="ana", reason="no")
    town.run()

    assert stopped.messages.called_back == 10
    assert town.sink.accepted() == []
    committed = town.project.store.manifests.committed(request.execution_id)
    assert "offer" not in committed


def test_a_test_plans_sends_saves_and_tells_nothing_and_waits_for_nothing(town):
    town.write("spring", OFFER)
    apply_campaign(town.project, "spring", actor="test")
    started = start_execution(town.project, "spring", kind="test", mode="test", actor="test")

    town.run()

    store = town.project.store
    committed = store.manifests.committed(started.id)
    assert store.executions.get(started.id).status == "finished"
    assert committed["offer.plan"].details["targeted"] == 10
    assert [row.transition for row in committed.values() if not row.reached] == []
    assert store.deliveries.of_execution(started.id) == []
    assert store.audiences.current() == {}
    assert store.alerts.newest() == ()
    assert town.sink.accepted() == []


def test_waits_before_a_message_do_not_wait_in_a_test(town):
    town.write("slow", "name: slow\nschedule: asap\nactivities:\n"
               "  all: {type: build_audience}\n  a_day: {type: wait, from: all, for: 1 day}\n"
               "  gold: {type: filter, from: a_day, where: tier = 'gold'}\n")  # fmt: skip
    apply_campaign(town.project, "slow", actor="test")
    started = start_execution(town.project, "slow", kind="test", mode="test", actor="test")

    town.run()

    assert town.project.store.executions.get(started.id).status == "finished"
    assert town.rows("slow.gold") == 3


@pytest.mark.parametrize(("word", "status"), [("stop", "finished"), ("fail", "failed")])
def test_a_message_to_nobody_that_stops_or_fails_leaves_no_delivery(town, word, status):
    text = OFFER.replace("{type: build_audience}", "{type: build_audience, where: tier = 'none'}")
    town.publish("spring", text.replace("confirm: false", f"confirm: true, when_empty: {word}"))

    try:
        town.run()
    except Refused as error:
        assert "found nobody" in str(error)  # noqa: PT017
    town.run()

    execution = town.project.store.executions.of_campaign("spring")[0]
    assert execution.status == status
    assert town.project.store.deliveries.of_execution(execution.id) == []


def test_two_executions_at_once_keep_their_messages_apart(town):
    town.publish("spring", OFFER)
    start_execution(town.project, "spring", kind="manual", actor="ana")

    town.run()

    assert len(town.sink.accepted()) == 20
    assert len({each["message_id"] for each in town.sink.accepted()}) == 20


def test_a_restart_is_refused_once_people_were_promised_a_message(town):
    town.publish("spring", OFFER)
    town.run()
    (execution,) = town.project.store.executions.of_campaign("spring")

    with pytest.raises(Refused, match="planned messages"):
        lives.restart(
            town.project, "spring", execution.key, "everybody", actor="ana", reason="again"
        )
