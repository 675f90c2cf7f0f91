"""The guard: what is withdrawn between claim and body does not leave."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from campanile.deliveries.addresses import address_hash
from campanile.operations.sending.guard import Guard
from campanile.operations.sending.shelf import Held, Shelf
from campanile.store.claims import Claims
from campanile.store.consents import ConsentChange, Consents
from campanile.store.deliveries import Deliveries
from campanile.store.leases import Leases
from campanile.store.sending import SendingControl

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Watch:
    """A process that holds ten messages and is about to send them."""

    def __init__(self, case: Any) -> None:
        self.case = case
        now = datetime.now(UTC)
        epoch = Leases(case.ledger).register("one", case.id, "host", "boot", now)
        self.shelf = Shelf(500)
        self.guard = Guard(case.ledger, case.id, "production", self.shelf.held)
        self.guard.renewed(30)
        self.guard.look()
        self.shelf.put(Claims(case.ledger, case.id, epoch, "production").claim(10, now), low=0)

    def may_begin(self) -> set[int]:
        self.guard.look()
        held: list[Held] = list(self.shelf.held())
        return {one.claimed.ordinal for one in held if self.guard.may_begin(one)}


def test_who_withdraws_between_claim_and_body_gets_nothing(box: Callable[..., Any]) -> None:
    watch = Watch(box(10, topic="offers"))
    assert watch.may_begin() == set(range(10))
    consents = Consents(watch.case.ledger)
    hashes = [address_hash(f"person{number}@shop.example") for number in range(10)]
    consents.record([ConsentChange("email", "offers", hashes[3], "out", NOW, "page")])
    consents.suppress("email", [hashes[5]], "complained", NOW)
    consents.record([ConsentChange("sms", "*", hashes[7], "out", NOW, "page")])
    assert watch.may_begin() == set(range(10)) - {3, 5}


def test_a_claim_that_knows_less_than_the_guard_is_not_sent(box: Callable[..., Any]) -> None:
    watch = Watch(box(10))
    other = address_hash("somebody@else.example")
    Consents(watch.case.ledger).record([ConsentChange("email", "*", other, "out", NOW, "page")])
    held = list(watch.shelf.held())
    blind = Guard(watch.case.ledger, watch.case.id, "production", list)
    blind.renewed(30)
    blind.look()  # it saw the change, and these were not on the shelf when it looked
    assert not any(blind.may_begin(one) for one in held)


def test_pause_cancel_and_halt_stop_what_is_held(box: Callable[..., Any]) -> None:
    watch = Watch(box(10))
    deliveries = Deliveries(watch.case.ledger)
    deliveries.pause(watch.case.id, "lunch")
    assert watch.may_begin() == set()
    deliveries.resume(watch.case.id)
    assert watch.may_begin() == set()  # claimed before the pause: to be claimed again
    assert "paused" not in (watch.guard.refusal or "")
    SendingControl(watch.case.ledger).halt("by hand", NOW)
    assert watch.may_begin() == set()
    assert "halted" in (watch.guard.refusal or "")


def test_a_process_whose_lease_may_have_ended_stops_by_itself(box: Callable[..., Any]) -> None:
    watch = Watch(box(10))
    watch.guard.renewed(-1)
    assert watch.may_begin() == set()
    assert not watch.guard.may_take()
