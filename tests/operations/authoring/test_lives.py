"""Executions by hand: one that was stopped goes on if its owner wants it, and sends once."""

from datetime import timedelta

import pytest

from campanile.errors import Refused
from campanile.operations.authoring import lives
from campanile.operations.authoring.signals import TooSoon, send_signal
from campanile.operations.authoring.steps import take_step
from campanile.operations.authoring.versions import apply_campaign, publish
from campanile.operations.scheduling.schedules import sweep_slots

OFFER = """
name: spring
owner: ana
activities:
  everybody: {type: build_audience}
  letter: {type: email, from: everybody, template: hello, topic: offers, confirm: false}
"""
SIGNAL = """
name: called
schedule: {signal: true, at_most_every: 1 hour}
parameters: {tier: {type: text}}
activities:
  some: {type: build_audience, where: tier = param.tier}
"""


@pytest.fixture
def planned(town):
    """The key of an execution whose letter is planned and not sent."""
    town.publish("spring", OFFER)
    for request in town.ready():
        town.work(request)
    (execution,) = town.project.store.executions.of_campaign("spring")
    return execution.key


def sent(town):
    return sorted(row.person for row in town.messages("spring", "letter") if row.state == "sent")


def test_a_stopped_execution_that_is_resumed_sends_to_everybody_once(town, planned):
    everybody = [row.person for row in town.messages("spring", "letter")]
    stopped = lives.stop(town.project, "spring", planned, actor="ana", reason="a typo")
    town.run()
    assert (stopped.messages.called_back, sent(town)) == (10, [])

    lives.resume(town.project, "spring", planned, actor="ana")
    town.run()

    assert sent(town) == sorted(everybody)
    assert town.project.store.executions.find("spring", planned).status == "finished"
    with pytest.raises(Refused, match="nothing is paused"):
        lives.resume(town.project, "spring", planned, actor="ana")


def test_a_resumption_that_was_cut_off_is_finished_by_the_next(town, planned):
    lives.stop(town.project, "spring", planned, actor="ana", reason="a typo")
    execution = town.project.store.executions.find("spring", planned)
    town.project.store.lives.reopen(execution.id, by="ana", reason=None)

    lives.resume(town.project, "spring", planned, actor="ana")
    town.run()

    assert len(sent(town)) == 10


def test_only_its_owner_resumes_what_was_stopped(town, planned):
    take_step(town.project, "spring", "stop", actor="bo", reason="a typo")

    with pytest.raises(Refused, match="resumed by its owner, ana"):
        lives.resume(town.project, "spring", planned, actor="bo")
    lives.resume(town.project, "spring", planned, actor="ana")

    assert town.project.store.campaigns.get("spring").status == "closed"


def test_no_clock_revives_what_a_person_stopped(town, planned):
    lives.stop(town.project, "spring", planned, actor="ana", reason="a typo")
    execution = town.project.store.executions.find("spring", planned)

    with pytest.raises(Refused, match="is stopped and cannot become paused"):
        town.project.store.executions.pause(execution.id, by="clock", reason="x")


def test_tables_that_are_gone_keep_an_execution_from_going_on(town, planned):
    lives.stop(town.project, "spring", planned, actor="ana", reason="a typo")
    town.clock.now += town.project.keep_tables + timedelta(days=1)

    with pytest.raises(Refused, match="longer ago than working tables are kept"):
        lives.resume(town.project, "spring", planned, actor="ana")


def test_an_error_brings_a_campaign_back_to_draft_and_shows_beside_its_status(town, planned):
    (execution,) = town.project.store.executions.of_campaign("spring")
    with pytest.raises(Refused, match="under way without an error"):
        take_step(town.project, "spring", "unpublish", actor="ana")
    town.project.store.executions.pause(execution.id, by="clock", reason="x", in_error=True)

    (troubled,) = town.project.store.lives.troubled("spring")
    assert troubled.reason == "x"
    taken = take_step(town.project, "spring", "unpublish", actor="ana")

    assert (taken.campaign.status, taken.messages.called_back) == ("draft", 10)
    assert town.project.store.lives.troubled("spring") == ()
    town.run()
    assert sent(town) == []


def test_the_schedule_of_what_is_published_may_change_and_past_slots_stay(town):
    text = (
        "name: spring\nschedule: {every: day, at: '10:00', timezone: UTC}\n"
        + OFFER.split("owner: ana\n")[1].split("  letter")[0]
    )
    town.publish("spring", text)
    town.clock.now = town.clock.now.replace(hour=10, minute=1)
    sweep_slots(town.project, town.clock())
    town.run()

    town.publish("spring", text.replace("10:00", "12:00"))
    town.clock.now = town.clock.now.replace(hour=12, minute=1)
    sweep_slots(town.project, town.clock())

    found = town.project.store.occurrences.of_campaign("spring")
    assert [(one.slot.hour, one.state) for one in found] == [(12, "claimed"), (10, "claimed")]
    assert [one.version for one in town.project.store.executions.of_campaign("spring")] == [2, 1]


def test_lateness_may_be_a_parameter(town):
    town.publish(
        "spring",
        "name: spring\nschedule: {every: day, at: '10:00', timezone: UTC, late: param.late}\n"
        "parameters: {late: {type: text, default: 10 minutes}}\n"
        "activities:\n  everybody: {type: build_audience}\n",
    )
    town.clock.now = town.clock.now.replace(hour=10, minute=11)

    sweep_slots(town.project, town.clock())

    (execution,) = town.project.store.executions.of_campaign("spring")
    assert execution.status == "held"


def test_a_signal_is_an_execution_with_its_payload_at_most_so_often(town):
    town.publish("called", SIGNAL)
    with pytest.raises(Refused, match="'tier' has no value"):
        send_signal(town.project, "called", {}, actor="shop")

    first = send_signal(town.project, "called", {"tier": "gold"}, actor="shop")
    with pytest.raises(TooSoon) as refused:
        send_signal(town.project, "called", {"tier": "gold"}, actor="shop")
    town.run()

    assert refused.value.again_at == town.clock.now + timedelta(hours=1)
    assert town.rows("called.some") == 3
    assert refused.value.retry_after(town.clock.now) == 3600
    assert town.project.store.executions.get(first.execution.id).status == "finished"
    town.clock.forward(hours=1)
    again = send_signal(town.project, "called", {"tier": "base"}, actor="shop")
    assert again.execution.key != first.execution.key


def test_the_same_signal_sent_again_under_its_key_starts_nothing_anew(town):
    town.publish("called", SIGNAL)
    first = send_signal(town.project, "called", {"tier": "gold"}, actor="shop", key="order 7")
    again = send_signal(town.project, "called", {"tier": "gold"}, actor="shop", key="order 7")

    assert (first.repeated, again.repeated) == (False, True)
    assert again.execution.id == first.execution.id
    with pytest.raises(Refused, match="said something else"):
        send_signal(town.project, "called", {"tier": "base"}, actor="shop", key="order 7")
    assert len(town.project.store.executions.of_campaign("called")) == 1


def test_parameters_that_a_campaign_does_not_declare_are_kept_with_its_execution(town):
    town.publish("called", SIGNAL)
    payload = {"tier": "gold", "Till": 7, "open": True}
    sent = send_signal(town.project, "called", payload, actor="shop")
    town.run()

    assert sent.undeclared == ("Till", "open")
    execution = town.project.store.executions.get(sent.execution.id)
    assert execution.parameters == {"tier": "gold", "Till": "7", "open": "true"}
    assert execution.status == "finished"


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, float("nan"), "x" * 2_001])
def test_a_payload_that_no_parameter_can_hold_is_refused(town, value):
    town.publish("called", SIGNAL)
    with pytest.raises(Refused, match="the parameter 'odd' is"):
        send_signal(town.project, "called", {"tier": "gold", "odd": value}, actor="shop")
    assert town.project.store.executions.of_campaign("called") == ()


def test_a_draft_and_another_schedule_take_no_signal(town):
    town.write("called", SIGNAL)
    apply_campaign(town.project, "called", actor="ana")
    with pytest.raises(Refused, match="is draft and takes no signals"):
        send_signal(town.project, "called", {"tier": "gold"}, actor="shop")

    town.publish("spring", OFFER)
    with pytest.raises(Refused, match="starts on no signal"):
        send_signal(town.project, "spring", {}, actor="shop")
    publish(town.project, "called", actor="ana")
    take_step(town.project, "called", "close", actor="ana")
    with pytest.raises(Refused, match="is closed and takes no signals"):
        send_signal(town.project, "called", {"tier": "gold"}, actor="shop")
