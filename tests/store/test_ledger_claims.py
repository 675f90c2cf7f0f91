"""Claims, settling and takeovers: the promises of the ledger, on both databases."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from campanile.deliveries.addresses import address_hash
from campanile.deliveries.delivery import Delivery, NewDelivery
from campanile.deliveries.messages import Claimed, Recipient, Reply, Settlement
from campanile.deliveries.outcomes import Outcomes
from campanile.deliveries.settings import DeliverySettings
from campanile.errors import Refused
from campanile.store.claims import Claim, Claims
from campanile.store.consents import ConsentChange, Consents
from campanile.store.database import Database
from campanile.store.deliveries import Deliveries
from campanile.store.due import DueDeliveries
from campanile.store.leases import LEASE, Leases
from campanile.store.ledger_tables import message, metadata
from campanile.store.messages import Messages
from campanile.store.planning import Planner
from campanile.store.sending import SendingControl
from campanile.store.settling import Settled, settle_messages

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HERE = "production"


@pytest.fixture
def ledger(databases: Mapping[str, Database]) -> Database:
    opened = databases["ledger"]
    metadata.create_all(opened.engine)
    SendingControl(opened).adopt(HERE, NOW)
    return opened


class Case:
    """A planned delivery and one process that holds a lease on it."""

    def __init__(
        self,
        ledger: Database,
        people: int = 10,
        *,
        execution_id: int = 1,
        mode: str = "live",
        expires_at: datetime | None = None,
        **settings: object,
    ) -> None:
        self.ledger = ledger
        new = NewDelivery(
            campaign="winback",
            version=1,
            execution_id=execution_id,
            execution_key=f"manual-{execution_id}",
            activity="offer",
            mode=mode,
            content="{}",
            settings=DeliverySettings(connection="smtp_main", **settings),
            content_date=NOW,
            expires_at=expires_at,
        )
        self.id = Deliveries(ledger).create(new, NOW).id
        rows = [Recipient(f"p{n}", f"p{n}", f"person{n}@shop.example") for n in range(people)]
        Planner(ledger, NOW).plan(self.id, rows)
        self.epoch = self.process("one")

    def process(self, owner: str) -> int:
        return Leases(self.ledger).register(f"{owner}-{self.id}", self.id, "host", "boot", NOW)

    def claim(self, limit: int = 500, now: datetime = NOW, epoch: int | None = None) -> Claim:
        return Claims(self.ledger, self.id, epoch or self.epoch, HERE).claim(limit, now)

    def settle(
        self,
        claimed: tuple[Claimed, ...],
        status: str,
        now: datetime = NOW,
        epoch: int | None = None,
        **reply: object,
    ) -> Settled:
        outcomes = Outcomes(self.delivery.settings.doubt, None, lambda: 1.0)
        settlements: list[Settlement] = [
            outcomes.settle(Reply(one.ordinal, one.attempt, status, **reply), one, now)
            for one in claimed
        ]
        return settle_messages(self.ledger, self.id, epoch or self.epoch, settlements, now)

    @property
    def delivery(self) -> Delivery:
        return Deliveries(self.ledger).get(self.id)

    @property
    def account(self):
        found = Deliveries(self.ledger).account(self.id)
        assert found.closes
        return found


def hashed(number: int) -> bytes:
    return address_hash(f"person{number}@shop.example")


def out(number: int, topic: str = "*") -> ConsentChange:
    return ConsentChange("email", topic, hashed(number), "out", NOW, "page")


def test_two_processes_never_hold_the_same_message(ledger: Database) -> None:
    case = Case(ledger, 10)
    first = case.claim(6)
    second = case.claim(6, epoch=case.process("two"))
    ordinals = [one.ordinal for one in (*first.messages, *second.messages)]
    assert sorted(ordinals) == list(range(10))
    assert case.account.in_flight == 10


def test_settling_twice_changes_nothing(ledger: Database) -> None:
    case = Case(ledger, 3)
    claimed = case.claim().messages
    assert case.settle(claimed, "accepted", code=250).applied == 3
    assert case.settle(claimed, "accepted", code=250) == Settled(0, 3)
    assert case.settle(claimed, "rejected", code=550) == Settled(0, 3)
    assert case.account.sent == 3


def test_consent_withdrawn_between_plan_and_claim_wins(ledger: Database) -> None:
    case = Case(ledger, 5, topic="offers")
    Consents(ledger).record([out(0), out(1, "offers"), out(2, "another topic")])
    Consents(ledger).suppress("email", [hashed(3)], "bounced", NOW)
    claim = case.claim()
    assert {one.ordinal for one in claim.messages} == {2, 4}
    assert dict(case.account.excluded) == {"opt_out": 2, "suppressed": 1}


def test_the_latest_decision_wins_and_a_no_beats_an_equal_time(ledger: Database) -> None:
    consents = Consents(ledger)
    yes, no = [
        ConsentChange("email", "*", hashed(0), decision, NOW, "file") for decision in ("in", "out")
    ]
    assert consents.record([no, yes]) == 1
    assert consents.of_address(hashed(0)) == [no]
    assert consents.record([yes]) == 0
    later = ConsentChange("email", "*", hashed(0), "in", NOW + timedelta(seconds=1), "page")
    assert consents.record([later, no]) == 1
    assert consents.of_address(hashed(0)) == [later]
    assert consents.record([no, later]) == 0


def test_a_halt_an_unarmed_store_and_another_environment_stop_claims(ledger: Database) -> None:
    case = Case(ledger, 2)
    control = SendingControl(ledger)
    control.halt("by hand", NOW)
    assert "halted" in (case.claim().stop or "")
    control.arm("staging", NOW)
    assert "staging" in (case.claim().stop or "")
    control.disarm("an old copy", NOW)
    assert "not armed" in (case.claim().stop or "")
    control.arm(HERE, NOW)
    assert len(case.claim().messages) == 2


def test_only_a_store_without_a_past_arms_itself(ledger: Database) -> None:
    case = Case(ledger, 2)
    case.claim()
    assert not SendingControl(ledger).adopt("a clone", NOW)
    assert SendingControl(ledger).state().identity == HERE


def test_tests_unconfirmed_paused_and_unfinished_plans_send_nothing(ledger: Database) -> None:
    deliveries = Deliveries(ledger)
    assert "test" in (Case(ledger, 2, mode="test").claim().stop or "")
    unconfirmed = Case(ledger, 2, execution_id=2, confirm=True)
    assert "confirm" in (unconfirmed.claim().stop or "")
    deliveries.confirm(unconfirmed.id)
    deliveries.pause(unconfirmed.id, "lunch")
    assert "lunch" in (unconfirmed.claim().stop or "")
    deliveries.resume(unconfirmed.id)
    assert len(unconfirmed.claim().messages) == 2


def test_cancel_says_how_many_were_out_and_calls_the_rest_back(ledger: Database) -> None:
    case = Case(ledger, 10)
    case.settle(case.claim(3).messages, "accepted")
    held = case.claim(2).messages
    cancelled = Deliveries(ledger).cancel(case.id, NOW)
    assert (cancelled.already_out, cancelled.in_flight, cancelled.called_back) == (3, 2, 5)
    case.settle(held[:1], "accepted")
    case.settle(held[1:], "cancelled")
    account = case.account
    assert (account.sent, dict(account.excluded), account.is_final) == (4, {"cancelled": 6}, True)
    with pytest.raises(Refused):
        Deliveries(ledger).resume(case.id)


def test_what_is_expired_is_excluded_not_sent(ledger: Database) -> None:
    case = Case(ledger, 4, expires_at=NOW + timedelta(hours=1))
    assert len(case.claim(1).messages) == 1
    claim = case.claim(now=NOW + timedelta(hours=1))
    assert (claim.messages, claim.excluded) == ((), 3)
    assert dict(case.account.excluded) == {"expired": 3}


def test_a_put_off_message_waits_longer_each_time_until_it_is_too_old(ledger: Database) -> None:
    case = Case(ledger, 1)
    waiting = select(func.min(message.c.not_before)).where(message.c.state == "waiting")
    now, waits = NOW, []
    while claimed := case.claim(now=now).messages:
        case.settle(claimed, "deferred", now, code=451)
        with ledger.read() as connection:
            again = connection.scalar(waiting)
        if again is None:
            break
        assert not case.claim(now=again - timedelta(seconds=1)).messages
        waits.append(again - now)
        now = again
    minutes = [wait.total_seconds() / 60 for wait in waits]
    assert minutes[:6] == [1, 5, 15, 60, 240, 240]
    assert timedelta(hours=80) < now - NOW <= timedelta(hours=84)
    assert dict(case.account.failed) == {"retries_exhausted": 1}


def test_a_dead_address_is_suppressed_for_good(ledger: Database) -> None:
    case = Case(ledger, 2)
    claimed = case.claim(1).messages
    case.settle(claimed, "rejected", code=550, enhanced="5.1.1", suppress=True)
    assert dict(case.account.failed) == {"rejected": 1}
    assert len(Consents(ledger).suppressions_of(hashed(0))) == 1
    next_time = Case(ledger, 2, execution_id=2)
    assert dict(next_time.account.excluded) == {"suppressed": 1}


def test_a_refusal_that_is_about_us_pauses_and_keeps_the_message(ledger: Database) -> None:
    case = Case(ledger, 5)
    claimed = case.claim(1).messages
    settled = case.settle(claimed, "rejected", code=550, enhanced="5.7.1", pause=True)
    assert "5.7.1" in (settled.paused or "")
    assert case.delivery.state == "paused"
    assert case.account.waiting == 5
    Deliveries(ledger).resume(case.id)
    again = case.claim(1, NOW).messages
    case.settle(again, "rejected", code=550, enhanced="5.7.1", pause=True)


def test_rendering_errors_are_counted_and_too_many_pause_the_delivery(ledger: Database) -> None:
    case = Case(ledger, 300)
    claimed = case.claim(200).messages
    case.settle(claimed[:3], "unrenderable")
    assert case.delivery.state == "sending"
    settled = case.settle(claimed[3:5], "unrenderable")
    assert "could not be rendered" in (settled.paused or "")
    assert case.delivery.state == "paused"
    assert dict(case.account.failed) == {"render": 5}
    Deliveries(ledger).resume(case.id)
    case.settle(claimed[5:20], "unrenderable")
    assert case.delivery.state == "sending"


def test_doubt_sends_again_or_stays_uncertain_by_policy(ledger: Database) -> None:
    again = Case(ledger, 1)
    again.settle(again.claim().messages, "unknown")
    assert (again.account.waiting, again.account.doubts) == (1, 1)
    never = Case(ledger, 1, execution_id=2, doubt="at_most_once")
    never.settle(never.claim().messages, "unknown")
    assert never.account.uncertain == 1
    assert not never.claim(now=NOW + timedelta(days=1)).messages


def test_the_uncertain_are_sent_again_only_when_somebody_decides(ledger: Database) -> None:
    case = Case(ledger, 2, doubt="at_most_once")
    case.settle(case.claim().messages, "unknown")
    assert DueDeliveries(ledger).has_settled(case.id, NOW)
    assert case.delivery.state == "settled"
    assert Messages(ledger).decide_uncertain(case.id, "resend", NOW) == 2
    case.settle(case.claim().messages[:1], "accepted")
    assert case.account.sent == 1


def test_a_takeover_requeues_by_policy_and_happens_once(ledger: Database) -> None:
    case = Case(ledger, 10)
    case.claim(6)
    lease = Leases(ledger).all(case.id)[0]
    taken = Leases(ledger).take_over(lease, NOW, in_doubt={0, 1})
    assert (taken.sent_again, taken.given_back, taken.uncertain) == (2, 4, 0)
    assert (case.account.waiting, case.account.doubts) == (10, 2)
    assert Leases(ledger).take_over(lease, NOW, in_doubt={0, 1}).given_back == 0
    careful = Case(ledger, 10, execution_id=2, doubt="at_most_once")
    careful.claim(6)
    lease = Leases(ledger).all(careful.id)[0]
    Leases(ledger).take_over(lease, NOW, in_doubt=None)
    assert (careful.account.uncertain, careful.account.waiting) == (6, 4)


def test_a_process_that_lost_its_lease_claims_and_changes_nothing(ledger: Database) -> None:
    case = Case(ledger, 4)
    held = case.claim(2).messages
    Leases(ledger).take_over(Leases(ledger).all()[0], NOW, in_doubt=set())
    assert "taken over" in (case.claim().stop or "")
    assert not Leases(ledger).renew(case.epoch, NOW)
    other = case.process("two")
    again = case.claim(2, epoch=other).messages
    assert case.settle(held, "accepted").applied == 0  # the other process decides now
    case.settle(again, "accepted", epoch=other)
    assert case.account.sent == 2


def test_a_late_acceptance_is_believed_before_anybody_sends_again(ledger: Database) -> None:
    case = Case(ledger, 2, doubt="at_most_once")
    held = case.claim().messages
    Leases(ledger).take_over(Leases(ledger).all()[0], NOW, in_doubt={0})
    assert case.settle(held, "accepted").applied == 2
    assert case.account.sent == 2


def test_a_rate_holds_for_all_processes_together(ledger: Database) -> None:
    case = Case(ledger, 100, rate=10)
    two = case.process("two")
    sent: list[datetime] = []
    for tick in range(41):
        now = NOW + timedelta(seconds=tick / 10)
        for epoch in (case.epoch, two):
            sent += [one.send_at for one in case.claim(now=now, epoch=epoch).messages]
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert all(gap == timedelta(seconds=0.1) for gap in gaps)
    assert 40 <= len(sent) <= 51


def test_the_clock_asks_for_a_run_only_while_none_is_alive(ledger: Database) -> None:
    case = Case(ledger, 2)
    due = DueDeliveries(ledger)
    assert due.due(HERE, NOW) == []  # the process registered by the case is alive
    later = NOW + LEASE + timedelta(seconds=1)
    asked = due.due(HERE, later)
    assert [one.delivery_id for one in asked] == [case.id]
    due.begin_slice(case.id)
    assert due.due(HERE, later)[0].run_key != asked[0].run_key
    Leases(ledger).release(case.epoch)
    assert [one.why for one in due.due(HERE, later)] == ["messages are due"]
    SendingControl(ledger).halt("by hand", NOW)
    assert due.due(HERE, later) == []


def test_a_delivery_settles_when_only_retries_remained_for_an_hour(ledger: Database) -> None:
    case, due = Case(ledger, 3), DueDeliveries(ledger)
    claimed = case.claim().messages
    case.settle(claimed[:2], "accepted")
    assert not due.has_settled(case.id, NOW)
    case.settle(claimed[2:], "deferred")
    assert not due.has_settled(case.id, NOW)
    assert due.has_settled(case.id, NOW + timedelta(hours=1))
    assert case.delivery.state == "sending"  # the retry goes on, and stays in the account
    case.settle(case.claim(now=NOW + timedelta(hours=2)).messages, "accepted")
    assert due.has_settled(case.id, NOW + timedelta(hours=2))
    assert (case.delivery.state, case.delivery.counts["sent"]) == ("settled", 3)


def test_rows_are_read_in_pages_by_ordinal(ledger: Database) -> None:
    case = Case(ledger, 30)
    case.settle(case.claim(20).messages, "accepted")
    assert [row.ordinal for row in Messages(ledger).rows(case.id, ("sent",))] == list(range(20))
    assert len(list(Messages(ledger).rows(case.id))) == 30
    assert Messages(ledger).address_hash(case.id, 3) == hashed(3)


def test_erasing_a_person_keeps_the_account(ledger: Database) -> None:
    case = Case(ledger, 2)
    case.settle(case.claim().messages, "accepted")
    assert Messages(ledger).forget(hashed(0)) == 1
    assert case.account.sent == 2
