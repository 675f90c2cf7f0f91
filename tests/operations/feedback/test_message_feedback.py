"""What a segment may see of what recipients did: exactly what was there when it began."""

import pytest

from campanile.deliveries.messages import Recipient
from campanile.operations.feedback.message_feedback import FeedbackPins, bind_feedback
from campanile.relations.scope import MessageSource
from campanile.reporting import feedback_tables as tables

OFFER = MessageSource("spring", "offer")


def bound(world, pins, table=tables.EVENTS_TABLE, *columns):
    schema = tables.EVENTS if table == tables.EVENTS_TABLE else tables.MESSAGES
    with world.lake.session() as session:
        bind_feedback(session, pins, world.lake.root)
        return sorted(session.rows(session.relation(table).select(columns or list(schema))))


def clickers(world, pins):
    return [row[0] for row in bound(world, pins, tables.EVENTS_TABLE, "person", "kind", "human")]


def messages(world, pins):
    return bound(world, pins, tables.MESSAGES_TABLE, "person", "state", "reason")


def test_before_the_first_message_there_is_no_feedback(world):
    pins = world.feedback.export([OFFER])

    assert bound(world, pins) == bound(world, pins, tables.MESSAGES_TABLE) == []


def test_messages_say_what_became_of_everybody(world):
    made = world.plan("ana", "bo", "cy", "")
    world.send(made, failing=("bo@shop.example",), limit=2)

    pins = world.feedback.export([OFFER])

    assert messages(world, pins) == [
        ("", "excluded", "invalid_address"),
        ("ana", "sent", None),
        ("bo", "failed", "rejected"),
        ("cy", "waiting", None),
    ]


def test_events_know_their_campaign_person_and_link(world):
    made = world.plan("ana")
    world.send(made)
    world.later(hours=1)
    world.clicked(made, 0)

    (event,) = bound(world, world.feedback.export([OFFER]))

    found = dict(zip(tables.EVENTS, event, strict=True))
    assert found == {
        "event_id": 1, "delivery": made.id, "ordinal": 0, "campaign": "spring",
        "execution": "manual-1", "activity": "offer", "person": "ana", "row_key": "ana",
        "kind": "clicked", "at": world.now.replace(tzinfo=None), "link": "shop",
        "url": "https://shop.example/", "device": "desktop", "human": True, "reason": None,
    }  # fmt: skip


def test_a_link_is_that_of_the_variant_that_was_sent(world, two_variants):
    people = [Recipient(v, v, f"{v}@shop.example", variant=v) for v in ("calm", "urgent")]
    people.append(Recipient("held out", "x", "x@shop.example", excluded="holdout"))
    made = world.plan(*people, frozen=two_variants)
    world.clicked(made, 0, 1)

    seen = bound(world, world.feedback.export([OFFER]), tables.EVENTS_TABLE, "person", "link")
    assert seen == [("calm", "calm"), ("urgent", "urgent")]


def test_a_retry_sees_the_same_people_and_the_next_segment_sees_more(world):
    made = world.plan("ana", "bo", "cy")
    world.send(made)
    world.later(hours=1)
    world.clicked(made, 0)
    pins = world.feedback.export([OFFER])
    first = clickers(world, pins)

    world.clicked(made, 1)
    world.tracking.unsubscribe([world.wish(made, 2)])

    retried = FeedbackPins.from_json(pins.to_json())
    assert clickers(world, retried) == first == ["ana"]
    assert messages(world, retried) == messages(world, pins)
    assert clickers(world, world.feedback.export([OFFER])) == ["ana", "bo", "cy"]


def test_the_same_watermark_gives_the_same_people(world):
    made = world.plan("ana", "bo")
    world.send(made)
    world.later(hours=1)
    world.clicked(made, 0)
    watermark = world.feedback.watermark()
    world.clicked(made, 1)

    one, other = (world.feedback.export([OFFER], watermark) for _ in range(2))

    assert clickers(world, one) == clickers(world, other) == ["ana"]


def test_a_settled_delivery_is_copied_once_and_a_live_one_again(world):
    settled, live = world.plan("ana"), world.plan("bo", activity="second")
    world.send(settled)
    world.settle(settled)
    sources = [OFFER, MessageSource("spring", "second")]

    one, other = world.feedback.export(sources), world.feedback.export(sources)

    assert one.messages[0] == other.messages[0]
    assert one.messages[1] != other.messages[1]
    assert live.id > settled.id


def test_full_blocks_of_raw_events_are_copied_once(world, monkeypatch):
    monkeypatch.setattr("campanile.operations.feedback.message_feedback.BLOCK", 4)
    made = world.plan(*(f"p{n}" for n in range(10)))
    world.send(made)
    world.later(hours=1)
    seen = []
    for ordinal in range(10):
        world.clicked(made, ordinal)
        pins = world.feedback.export([OFFER])
        seen.append(len(clickers(world, pins)))

    full = sorted(path.stat().st_mtime_ns for path in raw_files(world, "to-3", "to-7"))
    world.feedback.export([OFFER])

    assert seen == list(range(1, 11))
    assert sorted(p.stat().st_mtime_ns for p in raw_files(world, "to-3", "to-7")) == full


def raw_files(world, *names):
    return [p for p in (world.lake.root / "feedback" / "raw").rglob("*.parquet") if p.stem in names]


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        (MessageSource("spring", "offer"), ["ana", "bo"]),
        (MessageSource("spring", "offer", "second"), ["bo"]),
        (MessageSource("spring", "offer", "trial"), ["cy"]),
        (MessageSource("spring", "other"), []),
        (MessageSource("autumn", "offer"), []),
    ],
)
def test_only_the_messages_referred_to_are_there_and_tests_see_themselves(world, source, seen):
    world.plan("ana", key="first")
    world.plan("bo", key="second")
    world.plan("cy", key="trial", mode="test")

    assert [row[0] for row in messages(world, world.feedback.export([source]))] == seen


def test_all_live_messages_are_there_when_asked_for_raw(world):
    world.plan("ana")
    world.plan("bo", campaign="autumn")
    world.plan("cy", mode="test")

    assert [row[0] for row in messages(world, world.feedback.export(None))] == ["ana", "bo"]


@pytest.mark.parametrize(
    ("what", "human"),
    [
        ({}, True),
        ({"method": "HEAD"}, False),
        ({"prefetch": True}, False),
        ({"agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, False),
        ({"agent": ""}, True),
    ],
)
def test_machines_are_told_from_people(world, what, human):
    made = world.plan("ana")
    world.send(made)
    world.later(hours=1)
    world.clicked(made, 0, **what)

    (row,) = bound(world, world.feedback.export([OFFER]), tables.EVENTS_TABLE, "human")
    assert row == (human,)


def test_one_who_follows_many_links_right_after_the_mail_is_a_machine(world):
    made = world.plan("ana", "bo")
    world.send(made)
    world.later(seconds=1)
    for link in (1, 2, 3):
        world.clicked(made, 0, link=link)
    world.clicked(made, 1)

    seen = bound(world, world.feedback.export([OFFER]), tables.EVENTS_TABLE, "person", "human")
    assert seen == [("ana", False)] * 3 + [("bo", True)]
