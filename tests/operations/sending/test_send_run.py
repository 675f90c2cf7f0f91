"""The send run: what is due is sent once, and whatever forbids it is obeyed."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from campanile.deliveries.addresses import address_hash
from campanile.operations.sending.arming import arm_sending, halt_sending
from campanile.operations.sending.hosts import boot_id
from campanile.operations.sending.journal import Journal
from campanile.operations.sending.send_run import due_deliveries
from campanile.operations.sending.sequence_file import SequenceFile
from campanile.operations.sending.setup import journals_folder
from campanile.store.claims import Claims
from campanile.store.consents import ConsentChange, Consents
from campanile.store.deliveries import Deliveries
from campanile.store.due import DueDeliveries
from campanile.store.leases import Leases
from campanile.store.ledger_tables import message
from campanile.store.sending import SendingControl


def now() -> datetime:
    return datetime.now(UTC)


def test_everybody_gets_one_message_and_the_account_agrees_with_the_sink(
    box: Callable[..., Any],
) -> None:
    case = box(300, processes=2)
    seen: list[int] = []
    report = case.send(progress=lambda counts: seen.append(counts.get("accepted", 0)))
    assert (report.reason, report.sent, report.crashed) == ("nothing_due", 300, 0)
    assert len(case.copies) == case.copies.total() == case.account.sent == 300
    assert len({id for ids in case.message_ids.values() for id in ids}) == 300
    assert seen == sorted(seen)
    # Nothing is left behind, and asking again sends nothing.
    assert Leases(case.ledger).all() == []
    assert list((case.settings.state_folder / "journals").iterdir()) == []
    assert case.work().replies == {}
    assert case.copies.total() == 300
    assert DueDeliveries(case.ledger).has_settled(case.id, now())


def test_two_send_runs_of_one_delivery_at_once_send_nothing_twice(
    box: Callable[..., Any], faults: Callable[..., None]
) -> None:
    case = box(200)
    faults({"kind": "delay", "seconds": 0.005})
    other = threading.Thread(target=case.send)
    other.start()
    case.send()
    other.join()
    assert case.copies.total() == len(case.copies) == case.account.sent == 200


def test_answers_of_the_provider_become_states(
    box: Callable[..., Any], faults: Callable[..., None]
) -> None:
    case = box(20)
    faults(
        {"kind": "refuse_data", "match": "person1@", "code": 550, "text": "5.1.1 unknown"},
        {"kind": "refuse_data", "match": "person2@", "code": 451, "text": "4.3.0 later"},
        {"kind": "drop_after_record", "match": "person3@", "times": 1},
    )
    case.work()
    account = case.account
    assert (account.sent, account.retrying, account.doubts) == (17, 2, 1)
    assert dict(account.failed) == {"rejected": 1}
    assert Consents(case.ledger).suppressions_of(address_hash("person1@shop.example"))
    # The retries are in the future, so nothing is due, and they do not hold the run.
    assert due_deliveries(case.ledger, case.settings, now()) == []
    tomorrow = now() + timedelta(minutes=30)
    assert len(due_deliveries(case.ledger, case.settings, tomorrow)) == 1


def test_at_most_once_leaves_a_lost_answer_uncertain(
    box: Callable[..., Any], faults: Callable[..., None]
) -> None:
    case = box(20, doubt="at_most_once")
    faults({"kind": "drop_after_record", "match": "person3@"})
    case.work()
    assert (case.account.sent, case.account.uncertain) == (19, 1)
    assert case.copies.total() == 20


def test_a_row_that_cannot_be_rendered_stops_nobody(box: Callable[..., Any]) -> None:
    case = box(30)
    with case.ledger.write() as connection:
        connection.execute(update(message).where(message.c.ordinal == 7).values(fields="{}"))
    case.work()
    assert dict(case.account.failed) == {"render": 1}
    assert case.account.sent == 29


def test_nothing_is_sent_while_halted_disarmed_paused_or_from_a_clone(
    box: Callable[..., Any],
) -> None:
    case = box(5)
    halt_sending(case.ledger, "by hand", now())
    report = case.send()
    assert (report.reason, "halted" in report.note) == ("forbidden", True)
    arm_sending(case.ledger, case.settings.state_folder, "staging", now())
    assert "staging" in case.send().note
    arm_sending(case.ledger, case.settings.state_folder, "production", now())
    Deliveries(case.ledger).pause(case.id, "lunch")
    assert "lunch" in case.send().note
    assert case.copies.total() == 0


def test_an_old_copy_of_the_store_is_recognised_and_disarmed(box: Callable[..., Any]) -> None:
    case = box(30)
    case.work()
    with case.ledger.write() as connection:  # what a restored backup looks like
        connection.exec_driver_sql("UPDATE sending_control SET sequence = 10")
        connection.exec_driver_sql("UPDATE message SET state = 'waiting' WHERE ordinal >= 10")
    assert due_deliveries(case.ledger, case.settings, now()) == []
    report = case.send()
    assert report.reason == "forbidden"
    assert "old copy" in report.note
    assert not SendingControl(case.ledger).state().armed
    assert case.copies.total() == 30
    armed = arm_sending(case.ledger, case.settings.state_folder, "production", now())
    assert armed.gap == 20
    assert SendingControl(case.ledger).state().sequence == 30


def test_the_sequence_outside_is_never_ahead_of_the_ledger(box: Callable[..., Any]) -> None:
    case = box(50, processes=2)
    case.send()
    known = SequenceFile(case.settings.state_folder).read()
    assert known == SendingControl(case.ledger).state().sequence == 50


def test_halt_ends_a_run_and_the_rest_waits(
    box: Callable[..., Any], faults: Callable[..., None]
) -> None:
    case = box(400, connections=2)
    faults({"kind": "delay", "seconds": 0.02})

    def halt(counts: dict[str, int]) -> None:
        if counts:
            halt_sending(case.ledger, "by hand", now())

    report = case.send(progress=halt)
    assert report.reason == "forbidden"
    account = case.account
    assert 0 < account.sent < 400
    assert account.in_flight == 0
    assert account.sent + account.waiting == 400
    assert case.copies.total() == account.sent


def test_a_stop_finishes_what_is_under_way_and_gives_the_rest_back(
    box: Callable[..., Any], faults: Callable[..., None]
) -> None:
    case = box(400, connections=2)
    faults({"kind": "delay", "seconds": 0.02})
    stop = threading.Event()
    report = case.send(stop=stop, progress=lambda counts: stop.set() if counts else None)
    assert report.reason == "stopped"
    assert case.account.in_flight == 0
    assert case.copies.total() == case.account.sent < 400


def test_a_provider_that_refuses_the_login_pauses_the_delivery(box: Callable[..., Any]) -> None:
    case = box(5)
    connection = case.settings.connections["sink"].model_copy(update={"security": "starttls"})
    case.settings.connections["sink"] = connection  # which the sink does not offer
    report = case.work()
    assert report.reason == "refused"
    assert Deliveries(case.ledger).get(case.id).state == "paused"
    assert case.account.waiting == 5


def test_who_opted_out_before_the_claim_gets_nothing(box: Callable[..., Any]) -> None:
    case = box(10)
    hashed = address_hash("person4@shop.example")
    Consents(case.ledger).record([ConsentChange("email", "*", hashed, "out", now(), "page")])
    case.work()
    assert "person4@shop.example" not in case.copies
    assert dict(case.account.excluded) == {"opt_out": 1}


def test_a_process_that_dies_during_the_run_is_recovered_from_in_the_same_run(
    box: Callable[..., Any],
) -> None:
    """A killed process may hold its journal for a while yet, until its last write to disk ends."""
    case = box(60)
    journal = Journal(journals_folder(case.settings.state_folder), "dying")
    epoch = Leases(case.ledger).register("dying", case.id, "host", boot_id(), now())
    held = Claims(case.ledger, case.id, epoch, "production").claim(20, now()).messages
    journal.intend(held[0].ordinal, held[0].attempt)

    def die(counts: dict[str, int]) -> None:
        if counts and not journal.is_closed:
            journal.close(remove=False)

    report = case.send(progress=die)
    assert (report.reason, report.recovered) == ("nothing_due", 20)
    account = case.account
    assert (account.sent, account.doubts, account.is_final) == (60, 1, True)
    assert case.copies.total() == 60
