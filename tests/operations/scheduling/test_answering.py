"""Approvals and tasks: asked once, answered once, and what was asked about is what goes on."""

from datetime import timedelta

import pytest

from campanile.campaigns.questions import Reply
from campanile.errors import Refused
from campanile.operations.authoring.versions import apply_campaign, start_execution
from campanile.operations.scheduling.answering import (
    Chosen,
    answer,
    only,
    report_task,
    to_answer,
    to_report,
)
from campanile.operations.scheduling.clock import tick
from campanile.store.questions import Seen

SIGN_OFF = """
name: renewal
schedule: asap
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  sign_off:
    type: approval
    from: gold
    by: [legal, lea]
    question: "Send {{ count }} letters of {{ campaign.name }}?"
    within: 1 day
  letter: {type: email, from: sign_off.approved, template: hello, topic: offers, confirm: false}
  unanswered: {type: alert, from: sign_off.expired, title: Nobody answered}
  refused: {type: alert, from: sign_off.rejected, title: Refused}
"""
ALL = SIGN_OFF.replace("within: 1 day", "within: 1 day\n    needs: all")
TASK = """
name: gifts
schedule: asap
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  pack:
    type: task
    from: gold
    title: Pack {{ count }}
    assignee: stock
    reviewer: boss
    within: 2 days
  letter: {type: email, from: pack.done, template: hello, topic: offers, confirm: false}
  sorry: {type: alert, from: pack.not_done, title: Not packed}
"""


@pytest.fixture
def asked(town):
    """A town in which legal was asked about the three gold customers."""
    town.publish("renewal", SIGN_OFF)
    town.run()
    return town


def ask(town, name="renewal"):
    (found,) = town.project.store.questions.pending(name)
    return found


def say(town, word, actor="legal", **more):
    found = only(town.project, Chosen("renewal"), to_answer(town.project, Chosen("renewal")), "it")
    return answer(town.project, found, word, actor=actor, **more).question


def execution_of(town, name="renewal"):
    return town.project.store.executions.of_campaign(name)[0]


def alerts(town):
    return [one.title for one in town.project.store.alerts.newest()]


def test_nothing_follows_an_approval_before_it_is_answered(asked):
    found = ask(asked)

    assert (found.text, found.rows) == ("Send 3 letters of renewal?", 3)
    assert found.due_at == asked.clock() + timedelta(days=1)
    assert execution_of(asked).status == "waiting"
    assert asked.sink.accepted() == []


def test_the_first_answer_decides_and_only_its_branch_is_reached(asked):
    say(asked, "approved", comment="fine")
    asked.run()

    assert len(asked.sink.accepted()) == 3
    assert asked.rows("renewal.sign_off.approved") == 3
    assert asked.rows("renewal.sign_off.rejected") == 0
    assert alerts(asked) == []
    assert execution_of(asked).status == "finished"


def test_what_was_asked_about_is_what_goes_on_whoever_came_meanwhile(asked):
    asked.load(
        "customer", "customer_id,email,email_ok,tier,store_id\n77,x@example.com,true,gold,\n"
    )
    say(asked, "approved", seen=Seen(version=1, rows=3))
    asked.run()

    assert len(asked.sink.accepted()) == ask_rows(asked) == 3


def ask_rows(town):
    (found,) = town.project.store.questions.of_campaign("renewal")
    return found.rows


def test_an_answer_about_another_version_or_number_is_refused(asked):
    with pytest.raises(Refused, match="is about version 1, not 2"):
        say(asked, "approved", seen=Seen(version=2))
    with pytest.raises(Refused, match="is about 3 rows, not 4"):
        say(asked, "approved", seen=Seen(rows=4))
    assert ask(asked).is_open


def test_a_late_answer_is_refused_with_who_was_first(asked):
    first = ask(asked)
    say(asked, "rejected")

    with pytest.raises(Refused, match="decided already: 'rejected' by legal at 2026-11-22"):
        answer(asked.project, first, "approved", actor="lea")
    with pytest.raises(Refused, match="decided already"):
        say(asked, "approved", actor="lea")
    asked.run()
    assert asked.sink.accepted() == []
    assert alerts(asked) == ["Refused"]


def test_after_its_end_nobody_answers_though_the_clock_did_not_look(asked):
    asked.clock.forward(days=1)
    with pytest.raises(Refused, match="expired at"):
        say(asked, "approved")

    asked.run()
    assert alerts(asked) == ["Nobody answered"]
    assert asked.sink.accepted() == []
    with pytest.raises(Refused, match="decided already: 'expired' by clock"):
        say(asked, "approved")


def test_who_is_not_asked_is_refused(asked):
    with pytest.raises(Refused, match=r"mallory is not asked about renewal/.*legal, lea"):
        say(asked, "approved", actor="mallory")
    with pytest.raises(Refused, match="'perhaps' is no answer"):
        say(asked, "perhaps")


def test_a_member_answers_for_the_group(asked):
    people = asked.project.store.people
    people.add("ada", "administrator", by="test")
    people.add("vic", "viewer", by="test")
    people.set_group("legal", ["vic"], by="test")

    with pytest.raises(Refused, match="ada is not asked"):
        say(asked, "approved", actor="ada")
    assert say(asked, "approved", actor="vic").outcome == "approved"


def test_where_all_are_needed_each_name_is_heard_and_a_refusal_decides(town):
    town.publish("renewal", ALL)
    town.run()

    assert say(town, "approved", actor="lea").waiting_for == ("legal",)
    with pytest.raises(Refused, match=r"lea answered renewal/.* already: 'approved'"):
        say(town, "approved", actor="lea")
    assert execution_of(town).status == "waiting"
    assert say(town, "rejected").outcome == "rejected"
    town.run()
    assert town.sink.accepted() == []


def test_a_process_that_dies_after_the_answer_loses_nothing_and_asks_once(asked):
    reply = Reply("legal", "approved", "", ("legal",))
    asked.project.store.questions.reply(ask(asked).id, reply)  # and it did not move on
    for _ in range(3):
        tick(asked.project, asked.clock())
    asked.run()

    assert len(asked.sink.accepted()) == 3
    assert len(asked.project.store.questions.of_campaign("renewal")) == 1
    audited = [one.action for one in asked.project.store.audit.entries()]
    assert (audited.count("ask"), audited.count("answer")) == (1, 1)


def test_a_stopped_execution_asks_nobody_any_more(asked):
    found = ask(asked)
    asked.project.store.executions.stop(found.execution_id, by="test", reason="no")

    assert asked.project.store.questions.pending() == ()
    with pytest.raises(Refused, match="is over, so nobody is asked"):
        answer(asked.project, found, "approved", actor="legal")


def test_a_test_asks_nobody_and_takes_the_first_answer(town):
    town.write("renewal", SIGN_OFF)
    apply_campaign(town.project, "renewal", actor="test")
    start_execution(town.project, "renewal", kind="test", mode="test", actor="test")
    town.run()

    assert execution_of(town).status == "finished"
    assert town.rows("renewal.sign_off.approved") == 3
    assert town.project.store.questions.of_campaign("renewal") == ()


@pytest.fixture
def packing(town):
    """A town in which the stock has gifts to pack."""
    town.publish("gifts", TASK)
    town.run()
    return town


def tell(town, *, done=True, actor="stock", comment=""):
    found = to_report(town.project, Chosen("gifts"))
    return report_task(town.project, found, done=done, actor=actor, comment=comment)


def review(town, word, actor="boss"):
    found = only(town.project, Chosen("gifts"), to_answer(town.project, Chosen("gifts")), "it")
    return answer(town.project, found, word, actor=actor).question


def test_a_task_that_is_done_waits_for_its_reviewer_beyond_its_end(packing):
    with pytest.raises(Refused, match="boss is not asked"):
        tell(packing, actor="boss")
    assert tell(packing).status == "pending approval"
    packing.clock.forward(days=5)
    packing.run()
    with pytest.raises(Refused, match="is reviewed by boss"):
        review(packing, "approved", actor="stock")
    assert review(packing, "approved").status == "done"
    packing.run()

    assert len(packing.sink.accepted()) == 3


def test_a_task_that_is_sent_back_begins_again_without_the_time_of_the_review(packing):
    packing.clock.forward(days=1)
    tell(packing)
    packing.clock.forward(days=7)
    again = review(packing, "rejected")

    assert (again.status, again.waiting_for) == ("rejected", ("stock",))
    assert again.due_at == packing.clock() + timedelta(days=1)
    packing.clock.forward(days=2)
    packing.run()
    assert alerts(packing) == ["Not packed"]
    assert ("gifts", ask_status(packing)) == ("gifts", "not_done")


def ask_status(town):
    (found,) = town.project.store.questions.of_campaign("gifts")
    return found.status


def test_a_task_that_will_not_be_done_needs_no_review(packing):
    tell(packing, done=False, comment="no paper")
    packing.run()

    assert alerts(packing) == ["Not packed"]
    assert packing.sink.accepted() == []


def mailed(town):
    """Who was told, the first one first; the campaign's own messages are left out."""
    found = [address for one in town.sink.accepted() for address in one["rcpt"]]
    return [address for address in found if address.endswith("@shop.example")]


def test_those_who_are_asked_are_told_once_and_reminded_unless_they_answered(town):
    people = town.project.store.people
    people.add("ada", "administrator", email="ada@shop.example", by="test")
    people.add("lea", "viewer", email="lea@shop.example", by="test")
    people.add("vic", "viewer", email="vic@shop.example", by="test")
    people.set_group("legal", ["vic"], by="test")
    town.publish("renewal", ALL.replace("needs: all", "needs: all\n    remind: [2 hours before]"))
    town.run()
    assert sorted(mailed(town)) == ["lea@shop.example", "vic@shop.example"]

    say(town, "approved", actor="lea")
    town.clock.forward(hours=22)
    for _ in range(2):
        tick(town.project, town.clock())

    assert sorted(mailed(town)) == [
        *("lea@shop.example", "vic@shop.example", "vic@shop.example"),
    ]


def test_a_reviewer_is_told_that_a_task_waits_and_the_assignee_when_it_is_sent_back(packing):
    people = packing.project.store.people
    for name in ("stock", "boss"):
        people.add(name, "administrator", email=f"{name}@shop.example", by="test")
    tell(packing)
    tick(packing.project, packing.clock())
    assert mailed(packing) == ["boss@shop.example"]

    review(packing, "rejected")
    tick(packing.project, packing.clock())
    assert mailed(packing) == ["boss@shop.example", "stock@shop.example"]
