"""Reviews of publications: locked, approved for a version and a number, or back to draft."""

from datetime import timedelta

import pytest

from campanile.errors import Refused
from campanile.operations.authoring.reviews import submit, withdraw
from campanile.operations.authoring.versions import apply_campaign, publish
from campanile.operations.rehearsing.reached import count_reached
from campanile.operations.scheduling.answering import Chosen, answer, to_answer
from campanile.operations.scheduling.clock import tick

POLICIES = """
approvals:
  big: {by: [head], more_than: 5, channels: [email], within: 2 days}
  legal: {by: [legal], tags: [regulated]}
"""
WIDE = """
name: wide
tags: [regulated]
schedule: {every: day, at: "09:00"}
activities:
  everybody: {type: build_audience}
  letter: {type: email, from: everybody, template: hello, topic: offers}
"""
NARROW = (
    WIDE.replace("wide", "narrow")
    .replace("tags: [regulated]\n", "")
    .replace("{type: build_audience}", "{type: build_audience, where: tier = 'gold'}")
)


@pytest.fixture
def reviewed(open_town):
    """A town whose policies want big campaigns and regulated ones approved; ten customers."""
    town = open_town(POLICIES)
    rows = "".join(
        f"{n},c{n}@example.com,true,{'gold' if n < 4 else 'base'},n\n" for n in range(1, 11)
    )
    town.load("store", "store_id,city\nn,Nice\n")
    town.load("customer", f"customer_id,email,email_ok,tier,store_id\n{rows}")
    town.write("wide", WIDE)
    apply_campaign(town.project, "wide", actor="ann")
    return town


def send_in(town, name="wide", actor="ann"):
    return submit(town.project, name, actor=actor, count=count_reached)


def say(town, subject, word="approved", actor=None, name="wide"):
    (found,) = to_answer(town.project, Chosen(name, subject=subject))
    who = actor or found.asked[0]
    return answer(town.project, found, word, actor=who, comment="seen", count=count_reached)


def status(town, name="wide"):
    return town.project.store.campaigns.get(name).status


def go(town, name="wide"):
    return publish(town.project, name, actor="ann", count=count_reached)


def test_what_policies_concern_is_not_published_without_them(reviewed):
    with pytest.raises(Refused, match=r"version 1 of 'wide' needs the approval of head \(policy"):
        go(reviewed)
    with pytest.raises(Refused, match="needs the approval"):
        publish(reviewed.project, "wide", actor="ann")  # without a number: the strict reading
    assert status(reviewed) == "draft"


def test_a_small_campaign_without_the_tag_needs_nobody(reviewed):
    reviewed.write("narrow", NARROW)
    apply_campaign(reviewed.project, "narrow", actor="ann")

    assert send_in(reviewed, "narrow").questions == ()
    assert go(reviewed, "narrow").campaign.status == "scheduled"


def test_all_policies_that_match_must_agree_and_the_last_answer_publishes(reviewed):
    found = send_in(reviewed)
    assert {one.subject for one in found.questions} == {"big", "legal"}
    assert found.rows == 10

    assert say(reviewed, "big").published is None
    assert status(reviewed) == "in_review"
    assert say(reviewed, "legal").published.version == 1
    assert status(reviewed) == "scheduled"


def test_what_is_in_review_is_locked(reviewed):
    send_in(reviewed)
    reviewed.write("wide", WIDE.replace("09:00", "10:00"))

    with pytest.raises(Refused, match="is in review: it gets no further version"):
        apply_campaign(reviewed.project, "wide", actor="ann")
    with pytest.raises(Refused, match="was submitted already, by ann; it waits for head"):
        send_in(reviewed)
    with pytest.raises(Refused, match="and waits for"):
        go(reviewed)


def test_a_request_for_changes_brings_it_back_and_asks_the_others_no_more(reviewed):
    send_in(reviewed)
    say(reviewed, "big", "changes_requested")

    assert status(reviewed) == "draft"
    assert reviewed.project.store.questions.pending() == ()
    with pytest.raises(Refused, match=r"got 'changes_requested' \(seen\)|got 'withdrawn'"):
        go(reviewed)


def test_another_version_needs_approvals_of_its_own(reviewed):
    send_in(reviewed)
    say(reviewed, "big")
    withdraw(reviewed.project, "wide", actor="ann", reason="a typo")
    reviewed.write("wide", WIDE.replace("09:00", "10:00"))
    apply_campaign(reviewed.project, "wide", actor="ann")

    with pytest.raises(Refused, match="version 2 of 'wide' needs the approval"):
        go(reviewed)
    with pytest.raises(Refused, match=r"version 1 of 'wide' needs the approval.*'void'"):
        publish(reviewed.project, "wide", version=1, actor="ann", count=count_reached)


def test_an_audience_that_outgrew_its_approval_is_not_published(reviewed):
    send_in(reviewed)
    say(reviewed, "big")
    grown = "".join(f"{n},c{n}@example.com,true,base,n\n" for n in range(11, 13))
    reviewed.load("customer", f"customer_id,email,email_ok,tier,store_id\n{grown}")

    with pytest.raises(Refused, match="given for 10 people, and 12 would be reached now"):
        say(reviewed, "legal")
    assert status(reviewed) == "in_review"
    withdraw(reviewed.project, "wide", actor="ann", reason="it grew")
    assert send_in(reviewed).rows == 12


def test_who_wrote_or_submitted_it_does_not_approve_it(reviewed):
    send_in(reviewed, actor="legal")

    with pytest.raises(Refused, match="legal wrote or submitted version 1"):
        say(reviewed, "legal")
    with pytest.raises(Refused, match="ann wrote or submitted version 1"):
        say(reviewed, "big", actor="ann")


def test_a_review_that_nobody_finishes_ends_in_time(reviewed):
    send_in(reviewed)
    reviewed.clock.forward(days=2)
    with pytest.raises(Refused, match="expired at"):
        say(reviewed, "big")
    tick(reviewed.project, reviewed.clock())

    assert status(reviewed) == "draft"
    assert reviewed.project.store.questions.pending() == ()


def test_a_live_campaign_goes_on_with_its_version_until_the_next_is_approved(reviewed):
    send_in(reviewed)
    say(reviewed, "big")
    say(reviewed, "legal")
    reviewed.write("wide", WIDE.replace("09:00", "10:00"))
    apply_campaign(reviewed.project, "wide", actor="ann")
    send_in(reviewed)

    assert reviewed.project.store.campaigns.get("wide").published_version == 1
    assert status(reviewed) == "scheduled"
    say(reviewed, "big")
    say(reviewed, "legal")
    assert reviewed.project.store.campaigns.get("wide").published_version == 2


def test_every_step_of_a_review_is_in_the_audit_log(reviewed):
    send_in(reviewed)
    say(reviewed, "big")
    say(reviewed, "legal")

    told = [(e.actor, e.action) for e in reviewed.project.store.audit.entries("campaign:wide")]
    assert told[::-1] == [
        *(("ann", "apply"), ("ann", "submit"), ("ann", "ask"), ("ann", "ask")),
        *(("head", "answer"), ("legal", "answer"), ("legal", "publish")),
    ]
    assert reviewed.project.store.questions.of_campaign("wide")[0].due_at == (
        reviewed.clock() + timedelta(days=2)
    )
