"""Opens, clicks and opt-outs reach the store, and an opt-out is respected by the next claim."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from campanile.deliveries.messages import Recipient
from campanile.errors import EngineError
from campanile.operations.feedback.tracking import DeliveryLinks, Hit, hit_from_json, hit_to_json
from campanile.store.consents import Consents
from campanile.store.deliveries import Deliveries
from campanile.store.messages import Messages
from campanile.store.sending import SendingControl


def test_every_hit_becomes_one_raw_event(world):
    made = world.plan("ana", "bo")
    world.clicked(made, 0, 0, link=2, prefetch=True, network="203.0.113.0")

    events = world.store.events.of_message(made.id, 0)

    assert [(e.kind, e.link_number, e.purpose, e.remote) for e in events] == [
        ("clicked", 2, "prefetch", "203.0.113.0")
    ] * 2


def test_the_links_are_those_of_the_frozen_content(world):
    made = world.plan("ana")

    links = DeliveryLinks(world.tracking.content(made.id))

    assert links.only is not None
    assert (links.only[1].name, links.only[2].url) == ("shop", "https://shop.example/help")
    assert world.tracking.content(made.id + 1) is None


def test_contents_with_other_links_are_told_apart_by_the_message(world, two_variants):
    made = world.plan(Recipient("a", "a", "a@shop.example", variant="urgent"), frozen=two_variants)

    links = DeliveryLinks(world.tracking.content(made.id))

    assert links.only is None
    assert links.tables[links.place(*world.tracking.spoken_to(made.id, 0))][1].name == "urgent"


def test_an_opt_out_is_respected_by_the_next_claim(world):
    made = world.plan("ana", "bo", "cy")
    assert world.send(made, limit=1) == ["ana@shop.example"]

    world.tracking.unsubscribe([world.wish(made, 1)])
    world.later(seconds=1)

    assert world.send(made) == ["cy@shop.example"]
    account = Deliveries(world.ledger).account(made.id)
    assert dict(account.excluded) == {"opt_out": 1}
    assert account.closes


def test_an_opt_out_is_respected_by_later_plans_on_its_topic_only(world):
    first = world.plan("ana")
    world.send(first)
    world.tracking.unsubscribe([world.wish(first, 0)])
    world.later(days=1)

    assert world.send(world.plan("ana", activity="next")) == []
    assert world.send(world.plan("ana", activity="news", topic="news")) == ["ana@shop.example"]


def test_an_opt_out_without_a_topic_holds_for_every_topic(world):
    first = world.plan("ana", topic=None)
    world.tracking.unsubscribe([world.wish(first, 0)])
    world.later(days=1)

    assert world.send(world.plan("ana", topic="news")) == []


def test_an_opt_out_reaches_messages_that_are_claimed_already(world):
    made = world.plan("ana")
    before = SendingControl(world.ledger).state().generation

    world.tracking.unsubscribe([world.wish(made, 0)])

    assert SendingControl(world.ledger).state().generation > before


def test_an_opt_out_keeps_its_evidence(world):
    made = world.plan("ana")
    world.tracking.unsubscribe([world.wish(made, 0)])

    hashed = Messages(world.ledger).address_hash(made.id, 0)
    (change,) = Consents(world.ledger).of_address(hashed)

    assert (change.channel, change.topic, change.decision, change.at) == (
        "email", "offers", "out", world.now,
    )  # fmt: skip
    assert change.source == f"unsubscribe link of delivery {made.id}, message 0"


def test_a_repeated_opt_out_changes_nothing_more(world):
    made = world.plan("ana")
    wish = world.wish(made, 0)
    world.tracking.unsubscribe([wish])
    world.tracking.unsubscribe([wish, wish])

    hashed = Messages(world.ledger).address_hash(made.id, 0)
    assert len(Consents(world.ledger).of_address(hashed)) == 1


def test_an_opt_out_of_an_unknown_or_erased_message_is_taken_without_complaint(world):
    made = world.plan("ana", "")

    world.tracking.unsubscribe([world.wish(made, 1), world.wish(made, 99)])

    assert len(world.store.events.of_message(made.id, 99)) == 1


def test_a_store_that_refuses_is_an_engine_error(world):
    with world.store.databases["events"].write() as connection:
        connection.execute(text("DROP TABLE raw_event"))

    with pytest.raises(EngineError, match="keeping events"):
        world.tracking.record([Hit("opened", 1, 1, world.now)])


@given(
    st.builds(
        Hit,
        kind=st.sampled_from(["opened", "clicked", "unsubscribed"]),
        delivery=st.integers(0, 2**32 - 1),
        ordinal=st.integers(0, 2**32 - 1),
        at=st.datetimes(timezones=st.just(UTC)),
        link=st.none() | st.integers(0, 99),
        agent=st.text(),
        prefetch=st.booleans(),
        network=st.text(),
    )
)
def test_a_spooled_hit_comes_back_as_it_was(hit):
    line = hit_to_json(hit)

    assert "\n" not in line
    assert hit_from_json(line) == hit
