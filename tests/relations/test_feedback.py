"""Feedback predicates ask about the row's own messages, of this execution or of all."""

import pytest

from campanile.errors import DefinitionError
from campanile.relations.scope import EntityTable, Link, Scope
from campanile.relations.types import Type
from campanile.warehouse.sources import MemoryRows

DAY = "2026-11-21 "


def a_message(ordinal, person, state, execution="e2", activity="offer", row=None, reason=None):
    row = row or person
    return (
        "spring",
        1,
        execution,
        activity,
        1,
        ordinal,
        person,
        row,
        state,
        reason,
        "calm",
        DAY + "09:00",
        DAY + "09:05" if state != "waiting" else None,
    )


def an_event(number, ordinal, person, kind, execution="e2", human=True, activity="offer", **more):
    return (
        number, 1, ordinal, "spring", execution, activity, person, more.get("row", person), kind,
        DAY + more.get("at", "10:00"), more.get("link"), None, None, human, None,
    )  # fmt: skip


MESSAGES = [
    a_message(1, "c1", "sent"),
    a_message(2, "c2", "excluded", reason="no_address"),
    a_message(3, "c3", "failed"),
    a_message(4, "c4", "sent"),
    a_message(5, "c2", "sent", execution="e1"),
    a_message(6, "c1", "sent", activity="notice", row="r7"),
]
EVENTS = [
    an_event(1, 1, "c1", "opened"),
    an_event(2, 1, "c1", "clicked", link="shop", at="11:00"),
    an_event(3, 4, "c4", "opened", human=False),
    an_event(4, 4, "c4", "bounced"),
    an_event(5, 5, "c2", "clicked", execution="e1", link="shop"),
    an_event(6, 5, "c2", "unsubscribed", execution="e1"),
    an_event(7, 6, "c1", "opened", activity="notice", row="r7"),
]


@pytest.fixture(scope="module")
def feedback(session):
    from_columns = {"feedback__messages": MESSAGES, "feedback__events": EVENTS}
    text = Type.TEXT
    messages = {
        "campaign": text, "version": Type.INTEGER, "execution": text, "activity": text,
        "delivery": Type.INTEGER, "ordinal": Type.INTEGER, "person": text, "row_key": text,
        "state": text, "reason": text, "variant": text, "planned_at": Type.TIMESTAMP,
        "settled_at": Type.TIMESTAMP,
    }  # fmt: skip
    events = {
        "event_id": Type.INTEGER, "delivery": Type.INTEGER, "ordinal": Type.INTEGER,
        "campaign": text, "execution": text, "activity": text, "person": text, "row_key": text,
        "kind": text, "at": Type.TIMESTAMP, "link": text, "url": text, "device": text,
        "human": Type.BOOLEAN, "reason": text,
    }  # fmt: skip
    for name, schema in (("feedback__messages", messages), ("feedback__events", events)):
        session.bind(name, MemoryRows(schema, from_columns[name]))
    return session


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("planned(offer)", "c1 c2 c3 c4"),
        ("sent(offer)", "c1 c4"),
        ("not sent(offer)", "c2 c3"),
        ("excluded(offer)", "c2"),
        ("excluded(offer, reason = 'no_address')", "c2"),
        ("failed(offer)", "c3"),
        ("opened(offer)", "c1"),
        ("opened(offer, human = false)", "c4"),
        ("sent(offer) and not opened(offer)", "c4"),
        ("bounced(offer)", "c4"),
        ("delivered(offer)", "c1"),
        ("delivered(offer, at >= timestamp '2026-11-21 11:00')", ""),
        ("clicked(offer)", "c1"),
        ("clicked(spring.offer)", "c1 c2"),
        ("clicked(spring.offer, execution = 'e1')", "c2"),
        ("clicked(offer, link = 'shop' and at >= days_ago(2))", "c1"),
        ("clicked(offer, link = 'shop' and at >= days_ago(0))", ""),
        ("clicked(offer, variant = 'calm')", "c1"),
        ("not clicked(offer, variant = 'calm')", "c2 c3 c4"),
        ("unsubscribed(spring.offer)", "c2"),
        ("complained(offer)", ""),
        ("opened(notice)", ""),
    ],
)
def test_a_predicate_selects_exactly(rule, expected, feedback, chosen):
    assert chosen(rule) == expected


def test_a_message_per_row_is_asked_by_the_row(feedback, scope):
    contract = EntityTable(
        "contract", "entity__contract", {"contract_id": Type.TEXT, "owner": Type.TEXT},
        ("contract_id",),
        {"customer": Link("customer", "customer", (("owner", "customer_id"),), many=False)},
    )  # fmt: skip
    feedback.bind("entity__contract", MemoryRows(contract.schema, [("r7", "c1"), ("r8", "c1")]))
    own = Scope(
        contract, {**scope.entities, "contract": contract}, messages=scope.messages,
        recipient=("customer",), now=scope.now,
    )  # fmt: skip
    rows = feedback.relation("entity__contract", ("contract_id",))
    assert feedback.rows(rows.where("opened(notice)", own)) == [("r7", "c1")]
    assert feedback.count(rows.where("opened(offer)", own)) == 2


def test_what_a_message_does_not_have_is_refused(chosen):
    with pytest.raises(DefinitionError, match="no attribute 'link'"):
        chosen("sent(offer, link = 'shop')")
