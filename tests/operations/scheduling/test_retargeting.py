"""Retargeting: who is new is taken in once, when enough are, and looked for at a bounded cost."""

import os
import time

import pytest

from campanile.operations.authoring.versions import apply_campaign, get_version, start_execution
from campanile.operations.executing.incoming import find_new_people
from campanile.operations.feedback.message_feedback import FeedbackExporter
from campanile.operations.scheduling.clock import tick
from campanile.operations.scheduling.retargeting import new_people
from campanile.settings.project import open_project

OFFER = """
name: spring
schedule: asap
activities:
  everybody: {type: build_audience}
  offer: {type: email, from: everybody, template: hello, topic: offers, confirm: false}
  long: {type: wait, from: offer, for: 90 days}
"""
FOLLOW = """
name: follow
schedule: {on_feedback: spring.offer, event: clicked, every: 1 minute}
activities:
  new: {type: incoming}
  voucher: {type: email, from: new, template: hello, topic: offers}
"""


def follow(**options):
    more = "".join(f", {name}: {value}" for name, value in options.items())
    return FOLLOW.replace("every: 1 minute", f"every: 1 minute{more}")


@pytest.fixture
def mailed(town):
    """Everybody got the offer an hour ago."""
    town.publish("spring", OFFER)
    town.run()
    town.clock.forward(hours=1)
    return town


def targeted(town):
    found = [row.person for row in town.messages("follow", "voucher") if row.state == "sent"]
    return sorted(found)


def test_two_who_look_at_once_start_one_execution(mailed, monkeypatch):
    mailed.publish("follow", FOLLOW)
    mailed.click("spring", "offer", {"1", "2"})
    monkeypatch.setattr("campanile.operations.scheduling.retargeting._may_look", lambda *_: True)
    monkeypatch.setattr(
        "campanile.operations.scheduling.retargeting._is_unchanged", lambda *_: False
    )

    new_people(mailed.project, mailed.clock())
    new_people(mailed.project, mailed.clock())
    mailed.project.looks.clear()
    monkeypatch.undo()
    mailed.run()

    assert len(mailed.project.store.executions.of_campaign("follow")) == 1
    assert targeted(mailed) == ["1", "2"]


def test_nobody_starts_before_enough_are_new(mailed):
    mailed.publish("follow", follow(at_least=3))
    mailed.click("spring", "offer", {"1", "2"})
    mailed.run()
    assert mailed.project.store.executions.of_campaign("follow") == ()

    mailed.clock.forward(minutes=2)
    mailed.click("spring", "offer", {"3"})
    mailed.run()

    assert targeted(mailed) == ["1", "2", "3"]


def test_who_cools_down_is_taken_in_afterwards_though_nothing_more_happened(mailed):
    mailed.publish("follow", follow(cool_down="2 days"))
    mailed.click("spring", "offer", {"1"})
    mailed.run()
    mailed.clock.forward(hours=1)
    mailed.click("spring", "offer", {"1", "2"})
    mailed.run()
    assert targeted(mailed) == ["1", "2"]

    mailed.clock.forward(days=2)
    mailed.run()

    assert targeted(mailed) == ["1", "1", "2"]


def test_old_events_do_not_count(mailed):
    mailed.click("spring", "offer", {"1"})
    mailed.clock.forward(days=2)
    mailed.publish("follow", follow(max_age="1 day"))
    mailed.click("spring", "offer", {"2"})

    mailed.run()

    assert targeted(mailed) == ["2"]


def test_a_test_or_one_started_by_hand_does_not_keep_new_people_waiting(mailed):
    mailed.publish("follow", FOLLOW)
    start_execution(mailed.project, "follow", kind="test", mode="test", actor="ana")
    mailed.click("spring", "offer", {"1"})

    requests = new_people(mailed.project, mailed.clock())

    assert [each.campaign for each in requests] == ["follow"]


def test_a_late_restart_takes_in_nobody_whom_another_execution_took_in(mailed):
    mailed.publish("follow", FOLLOW)
    mailed.click("spring", "offer", {"1", "2"})
    (first,) = [r for r in mailed.ready() if r.campaign == "follow"]
    mailed.work(first, fail_at="new")
    executions = mailed.project.store.executions
    executions.fail(first.execution_id, by="test", reason="given up")
    mailed.clock.forward(minutes=2)
    mailed.project.looks.clear()
    mailed.run()
    assert targeted(mailed) == ["1", "2"]

    mailed.project.store.restarts.restart(
        first.execution_id, transitions=(), segment="start", later_segments=(), gates=(),
        by="ana", reason="try again",
    )  # fmt: skip
    mailed.run()

    assert executions.get(first.execution_id).status == "finished"
    assert targeted(mailed) == ["1", "2"]


def test_a_look_when_nothing_happened_copies_nothing(mailed, monkeypatch):
    mailed.publish("follow", follow(at_least=5))
    mailed.click("spring", "offer", {"1"})
    mailed.run()
    mailed.clock.forward(minutes=5)

    def refuses(*_given, **_named):
        raise AssertionError

    with monkeypatch.context() as patched:
        patched.setattr(FeedbackExporter, "export", refuses)
        assert new_people(mailed.project, mailed.clock()) == []
    mailed.click("spring", "offer", {"2", "3", "4", "5"})

    assert len(new_people(mailed.project, mailed.clock())) == 1


def test_a_look_leaves_no_copies_behind(mailed):
    mailed.publish("follow", FOLLOW)
    mailed.click("spring", "offer", {"1"})
    root = mailed.project.warehouse.root / "feedback"
    compiled = get_version(mailed.project, "follow", 1)

    found = find_new_people(mailed.project, compiled, mailed.clock())

    assert found.people == 1
    assert list(root.glob("events/*/*.parquet")) == []
    assert list(root.glob("messages/*/live-*")) == []


def test_old_copies_that_no_segment_has_pinned_are_purged(mailed):
    text = "exists(message_tracking, kind = 'clicked')"
    mailed.click("spring", "offer", {"1"})
    mailed.publish(
        "asking",
        f"""
name: asking
schedule: asap
activities:
  clicked: {{type: build_audience, where: "{text}"}}
  a_day: {{type: wait, from: clicked, for: 1 day}}
""",
    )
    mailed.run()
    folder = mailed.project.warehouse.root / "feedback"
    pinned = set(folder.glob("events/*/*.parquet"))
    stray = folder / "events" / "v1-0-old" / "part-old.parquet"
    stray.parent.mkdir(parents=True)
    stray.touch()
    long_ago = time.time() - 3 * 86400
    for path in (*pinned, stray, mailed.project.state / "feedback_purged"):
        os.utime(path, (long_ago, long_ago))

    tick(mailed.project, mailed.clock())

    assert pinned
    assert set(folder.glob("events/*/*.parquet")) == pinned


def test_a_campaign_that_cannot_be_asked_does_not_stop_the_others(mailed):
    mailed.publish("broken", FOLLOW.replace("follow", "broken").replace(
        "event: clicked", "event: clicked, where: \"link = 'shop'\""))  # fmt: skip
    mailed.publish("follow", FOLLOW)
    mailed.click("spring", "offer", {"1"})
    from campanile.store.campaign_tables import campaign_version

    with mailed.project.store.databases["control"].write() as connection:
        mine = campaign_version.update().where(campaign_version.c.campaign == "broken")
        connection.execute(mine.values(compiled={"language_version": 1}))

    requests = new_people(mailed.project, mailed.clock())

    assert [each.campaign for each in requests] == ["follow"]
    assert "new people" in mailed.project.store.campaigns.get("broken").warning


def test_a_new_process_looks_again_and_starts_nobody_twice(mailed):
    mailed.publish("follow", FOLLOW)
    mailed.click("spring", "offer", {"1"})
    mailed.run()
    mailed.clock.forward(minutes=2)

    other = open_project(mailed.project.folder, clock=mailed.clock, environment={})
    asked = new_people(other, mailed.clock())
    other.store.close()

    assert asked == []
    assert targeted(mailed) == ["1"]
    assert apply_campaign(mailed.project, "follow", actor="test").created is False
