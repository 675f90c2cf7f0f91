"""How executions, gates and retargeting compose; each rule came out of a failed experiment."""

import pytest

from campanile.errors import Refused
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_runs import begin_segment
from campanile.operations.scheduling.clock import run_ended, started_runs, tick

OFFER = """
name: spring
schedule: asap
activities:
  everybody: {type: build_audience}
  offer: {type: email, from: everybody, template: hello, topic: offers, confirm: false}
  a_day: {type: wait, from: offer, for: 1 day}
  keen: {type: filter, from: a_day, where: clicked(offer), complement: silent}
"""
FOLLOW = """
name: follow
schedule: {on_feedback: spring.offer, event: clicked, at_least: 1, every: 1 minute}
activities:
  new: {type: incoming}
  voucher: {type: email, from: new, template: hello, topic: offers}
"""


def test_people_who_click_while_a_retargeting_execution_fails_are_targeted_by_the_next_once(town):
    town.publish("spring", OFFER)
    town.publish("follow", FOLLOW)
    town.run()
    town.clock.forward(hours=1)
    town.click("spring", "offer", {"1", "2"})
    town.clock.forward(minutes=1)

    (first,) = [r for r in town.ready() if r.campaign == "follow"]
    town.work(first, fail_at="voucher")
    town.project.store.executions.stop(first.execution_id, by="test", reason="it never worked")
    town.click("spring", "offer", {"3"})
    town.clock.forward(minutes=2)
    town.run()

    sent = [row.person for row in town.messages("follow", "voucher") if row.state == "sent"]
    assert sent == ["3"]  # 1 and 2 were committed by the stopped execution: never twice


def test_people_taken_in_by_an_execution_that_never_committed_are_targeted_by_the_next_once(town):
    town.publish("spring", OFFER)
    town.publish("follow", FOLLOW)
    town.run()
    town.clock.forward(hours=1)
    town.click("spring", "offer", {"1", "2"})
    town.clock.forward(minutes=1)

    (first,) = [r for r in town.ready() if r.campaign == "follow"]
    town.work(first, fail_at="new")
    town.project.store.executions.stop(first.execution_id, by="test", reason="it never worked")
    town.click("spring", "offer", {"3"})
    town.clock.forward(minutes=2)
    town.run()
    town.clock.forward(minutes=2)
    town.run()

    sent = [row.person for row in town.messages("follow", "voucher") if row.state == "sent"]
    assert sorted(sent) == ["1", "2", "3"]


def test_a_segment_after_a_wait_sees_what_happened_meanwhile(town):
    town.publish("spring", OFFER)
    town.run()
    town.clock.forward(hours=3)
    town.click("spring", "offer", {"4", "5"})
    town.clock.forward(hours=22)
    town.run()

    assert town.rows("spring.keen") == 2
    assert (
        town.rows("spring.silent" if "spring.silent" in town.outputs else "spring.keen.silent") == 8
    )


def test_the_retry_of_a_segment_sees_the_same_as_its_first_try(town):
    town.publish("spring", OFFER)
    town.run()
    town.clock.forward(hours=3)
    town.click("spring", "offer", {"4"})
    town.clock.forward(hours=22)

    (first,) = town.ready()
    town.work(first, fail_at="keen")
    town.click("spring", "offer", {"5", "6"})
    town.load("customer", "customer_id,email,email_ok,tier,store_id\n4,,,,\n")
    (second,) = town.ready()
    town.work(second)

    assert (second.segment, second.attempt) == (first.segment, first.attempt + 1)
    assert town.rows("spring.keen") == 1


def test_a_committed_transition_is_reused_when_it_is_materialised_again(town):
    town.publish("spring", OFFER)
    (request,) = town.ready()
    run = town.begin(request)
    (first,) = run_activity(run, "everybody", "all")
    town.load("customer", "customer_id,email,email_ok,tier,store_id\n77,x@example.com,true,,\n")

    (again,) = run_activity(run, "everybody", "all")

    assert (first.reused, again.reused) == (False, True)
    assert again.rows == first.rows == 10


def test_a_gate_refuses_to_open_early(town):
    town.publish("spring", OFFER)
    town.run()
    execution = town.project.store.executions.of_campaign("spring")[0]

    with pytest.raises(Refused, match="waits for wait 'a_day' until"):
        begin_segment(town.project, "spring", 1, execution.key, "after__a_day", "by-hand")


def test_a_run_whose_inputs_are_not_committed_fails_before_it_does_anything(town):
    town.publish("spring", OFFER)
    (request,) = town.ready()
    run = town.begin(request)

    with pytest.raises(Refused, match="'everybody' is not committed"):
        run_activity(run, "offer", "plan")

    assert town.messages("spring", "offer") == []


UNREACHED = """
name: choice
schedule: asap
activities:
  everybody: {type: build_audience}
  enough:
    type: test
    from: everybody
    conditions: {many: count() > 1000}
    default: few
  letter: {type: email, from: enough.many, template: hello, topic: offers, confirm: false}
  a_day: {type: wait, from: enough.many, for: 1 day}
  keep: {type: save_audience, from: a_day, audience: never}
  tell: {type: alert, from: enough.many, title: Many}
  rest: {type: filter, from: enough.few, where: tier = 'gold'}
"""


def test_a_branch_that_was_not_reached_has_no_effects_though_it_is_materialised(town):
    town.publish("choice", UNREACHED)
    town.run()

    store = town.project.store
    execution = store.executions.of_campaign("choice")[0]
    committed = store.manifests.committed(execution.id)
    assert execution.status == "finished"
    assert {name for name, row in committed.items() if not row.reached} == {
        *("enough.many", "letter.plan", "letter", "letter.excluded", "letter.failed"),
        *("a_day", "keep", "tell"),
    }
    assert all(row.rows == 0 for row in committed.values() if not row.reached)
    assert committed["rest"].rows == 3
    assert store.gates.of_execution(execution.id) == ()
    assert store.deliveries.of_execution(execution.id) == []
    assert store.audiences.current() == {}
    assert store.alerts.newest() == ()
    assert town.sink.accepted() == []


def test_only_the_store_raises_attempts_and_the_third_failure_pauses(town):
    town.publish("spring", OFFER)
    for attempt in (1, 2, 3):
        (request,) = tick(town.project, town.clock()).segments
        assert request.attempt == attempt
        town.begin(request)
        (started,) = started_runs(town.project)
        run_ended(town.project, started, "failure")

    execution = town.project.store.executions.of_campaign("spring")[0]
    assert tick(town.project, town.clock()).segments == []
    assert execution.status == "paused"


def test_a_run_cancelled_in_dagster_pauses_its_execution(town):
    town.publish("spring", OFFER)
    (request,) = town.ready()
    town.begin(request)

    (started,) = started_runs(town.project)
    run_ended(town.project, started, "cancelled")

    execution = town.project.store.executions.of_campaign("spring")[0]
    assert (execution.status, execution.reason) == ("paused", "the run was cancelled in Dagster")
    assert town.ready() == []


def test_feedback_is_an_entity_that_rules_can_ask(town):
    town.publish("spring", OFFER)
    town.run()
    town.clock.forward(hours=3)
    town.click("spring", "offer", {"4", "5"})
    town.publish(
        "asking",
        """
name: asking
schedule: asap
activities:
  clicked_ever:
    type: build_audience
    where: exists(message_tracking, kind = 'clicked' and human)
  mailed: {type: build_audience, where: "count(message_feedback, state = 'sent') = 1"}
""",
    )
    town.run()

    assert town.rows("asking.clicked_ever") == 2
    assert town.rows("asking.mailed") == 10
