"""Planning: the promises of the plan, on both databases."""

import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from campanile.deliveries.addresses import address_hash
from campanile.deliveries.delivery import Delivery, NewDelivery
from campanile.deliveries.messages import Recipient
from campanile.deliveries.settings import DeliverySettings
from campanile.errors import Refused
from campanile.store.consents import ConsentChange, Consents
from campanile.store.database import Database
from campanile.store.deliveries import Deliveries
from campanile.store.ledger_tables import message, metadata
from campanile.store.planning import Planner

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def ledger(databases: Mapping[str, Database]) -> Database:
    metadata.create_all(databases["ledger"].engine)
    return databases["ledger"]


def create(ledger: Database, *, execution_id: int = 1, **settings: object) -> Delivery:
    new = NewDelivery(
        campaign="winback",
        version=1,
        execution_id=execution_id,
        execution_key="manual-2026-11-22T09-00-00",
        activity="offer",
        mode="live",
        content="{}",
        settings=DeliverySettings(connection="smtp_main", **settings),
        content_date=NOW,
    )
    return Deliveries(ledger).create(new, NOW)


def people(count: int, first: int = 0) -> Iterator[Recipient]:
    for n in range(first, first + count):
        yield Recipient(f"p{n}", f"p{n}", f"person{n}@shop.example", {"first_name": f"N{n}"})


def plan(ledger: Database, delivery_id: int, rows: Iterator[Recipient] | list[Recipient]):
    return Planner(ledger, NOW).plan(delivery_id, rows)


def test_every_recipient_is_planned_once_in_order(ledger: Database) -> None:
    found = create(ledger)
    account = plan(ledger, found.id, people(2_500))
    assert (account.planned, account.waiting, account.closes) == (2_500, 2_500, True)
    with ledger.read() as connection:
        rows = connection.execute(select(message.c.person).order_by(message.c.ordinal)).scalars()
        assert list(rows) == [f"p{n}" for n in range(2_500)]
    assert Deliveries(ledger).get(found.id).state == "planned"


def test_a_delivery_is_made_once_for_an_execution_and_activity(ledger: Database) -> None:
    first = create(ledger)
    again = create(ledger, doubt="at_most_once")
    assert again == first
    assert create(ledger, execution_id=2).id != first.id


def test_an_address_in_another_spelling_is_a_duplicate(ledger: Database) -> None:
    rows = [
        Recipient("a", "a", "Ann@Shop.example"),
        Recipient("b", "b", " ann@shop.EXAMPLE "),
        Recipient("c", "c", "bob@bücher.example"),
        Recipient("d", "d", "bob@xn--bcher-kva.example"),
    ]
    account = plan(ledger, create(ledger).id, rows)
    assert (account.waiting, dict(account.excluded)) == (2, {"duplicate": 2})


def test_per_row_lets_one_address_have_several_messages(ledger: Database) -> None:
    rows = [Recipient("a", f"contract{n}", "ann@shop.example") for n in range(3)]
    assert plan(ledger, create(ledger, per="row").id, rows).waiting == 3


def test_rows_without_a_usable_address_are_counted_by_reason(ledger: Database) -> None:
    rows = [
        Recipient("a", "a", None),
        Recipient("b", "b", "  "),
        Recipient("c", "c", "not an address"),
        Recipient("d", "d", "ann@shop.example", excluded="control"),
        Recipient("e", "e", "ann@shop.example"),
    ]
    account = plan(ledger, create(ledger).id, rows)
    assert dict(account.excluded) == {"no_address": 2, "invalid_address": 1, "control": 1}
    assert account.waiting == 1
    assert account.closes


def test_a_plan_that_was_cut_off_is_continued_at_the_next_ordinal(ledger: Database) -> None:
    found = create(ledger)

    def cut(rows: Iterator[Recipient], after: int) -> Iterator[Recipient]:
        yield from itertools.islice(rows, after)
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError):
        plan(ledger, found.id, cut(people(4_000), 3_100))
    begun = Deliveries(ledger).account(found.id)
    assert 0 < begun.planned < 4_000
    assert begun.closes
    assert not Deliveries(ledger).get(found.id).may_be_sent

    # The second half repeats an address of the first: the cut must not hide the duplicate.
    rows = itertools.chain(people(3_999), [Recipient("x", "x", "PERSON1@shop.example")])
    account = plan(ledger, found.id, list(rows))
    assert (account.planned, account.waiting) == (4_000, 3_999)
    assert dict(account.excluded) == {"duplicate": 1}
    assert plan(ledger, found.id, people(10)) == account  # complete: nothing is read any more


def test_a_plan_is_not_continued_with_another_population(ledger: Database) -> None:
    found = create(ledger)

    def cut() -> Iterator[Recipient]:
        yield from people(1_000)
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError):
        plan(ledger, found.id, cut())
    with pytest.raises(Refused, match="another one"):
        plan(ledger, found.id, people(2_000, first=5))


def test_two_plans_at_once_cannot_both_write(ledger: Database) -> None:
    found = create(ledger)

    def rows() -> Iterator[Recipient]:
        yield from people(1_000)
        plan(ledger, found.id, people(3_000))
        yield from people(2_000, first=1_000)

    with pytest.raises(Refused, match="another run"):
        plan(ledger, found.id, rows())
    account = Deliveries(ledger).account(found.id)
    assert (account.planned, account.closes) == (3_000, True)


def test_consent_and_suppression_are_asked_when_planning(ledger: Database) -> None:
    consents = Consents(ledger)
    hashed = [address_hash(f"person{n}@shop.example") for n in range(4)]
    consents.record(
        [
            ConsentChange("email", "offers", hashed[0], "out", NOW, "page"),
            ConsentChange("email", "*", hashed[1], "in", NOW, "file"),
            ConsentChange("sms", "*", hashed[2], "out", NOW, "file"),
        ]
    )
    consents.suppress("email", [hashed[3]], "bounced", NOW)
    default_yes = plan(ledger, create(ledger, topic="offers").id, people(5))
    assert dict(default_yes.excluded) == {"no_consent": 1, "suppressed": 1}
    needs_yes = create(ledger, execution_id=2, topic="offers", topic_default="opt_in")
    assert plan(ledger, needs_yes.id, people(5)).waiting == 1
    transactional = create(ledger, execution_id=3, topic="offers", category="transactional")
    assert dict(plan(ledger, transactional.id, people(5)).excluded) == {"suppressed": 1}


def test_a_delivery_that_wants_confirmation_waits_for_it(ledger: Database) -> None:
    found = create(ledger, confirm=True)
    plan(ledger, found.id, people(3))
    deliveries = Deliveries(ledger)
    assert deliveries.get(found.id).state == "confirming"
    assert not deliveries.get(found.id).may_be_sent
    assert deliveries.confirm(found.id).may_be_sent
    with pytest.raises(Refused, match="cannot be confirmed"):
        deliveries.confirm(found.id)


def test_a_cancelled_plan_cannot_go_on(ledger: Database) -> None:
    found = create(ledger)

    def rows() -> Iterator[Recipient]:
        yield from people(1_000)
        Deliveries(ledger).cancel(found.id, NOW)
        yield from people(1_000, first=1_000)

    with pytest.raises(Refused, match="cancelled"):
        plan(ledger, found.id, rows())
    account = Deliveries(ledger).account(found.id)
    assert account.closes
    assert account.waiting == 0
