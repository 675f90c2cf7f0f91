"""A crash at every step of the send path: run again, and compare the account with the sink."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from campanile.operations.sending.failpoints import POINTS, Failpoints
from campanile.operations.sending.recovery import Recovery
from campanile.operations.sending.setup import journals_folder
from campanile.store.leases import Leases

WORKER_POINTS = [point for point in POINTS if point not in ("replayed", "taken_over")]


class Crash(Exception):
    """A crash that a test can look at."""


def crash() -> None:
    raise Crash


@pytest.mark.parametrize(
    ("point", "doubt"),
    [
        *((point, "at_most_once") for point in WORKER_POINTS),
        *((point, "at_least_once") for point in ("intended", "answered", "journaled", "settled")),
    ],
)
def test_a_crash_loses_nothing_and_doubles_within_the_promise(
    point: str, doubt: str, box: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = box(40, connections=3, doubt=doubt)
    monkeypatch.setenv("CAMPANILE_FAILPOINT", point)
    first = case.send()
    assert first.crashed == 1
    assert first.reason == "broken"
    assert case.account.in_flight == 0  # the parent settled what the dead process held
    monkeypatch.delenv("CAMPANILE_FAILPOINT")
    assert case.work().reason == "nothing_due"

    account, copies = case.account, case.copies
    assert account.is_final
    assert account.sent + account.uncertain == 40
    assert all(len(ids) == 1 for ids in case.message_ids.values())
    doubles = copies.total() - len(copies)
    if doubt == "at_least_once":
        assert len(copies) == account.sent == 40
        assert doubles <= 3
    else:
        assert doubles == 0
        assert account.sent <= len(copies) <= account.sent + account.uncertain


@pytest.mark.parametrize("point", ["replayed", "taken_over"])
def test_a_crash_during_recovery_is_recovered_from(
    point: str, box: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = box(40, connections=3)
    monkeypatch.setenv("CAMPANILE_FAILPOINT", "journaled:20")
    monkeypatch.setattr(Recovery, "run", lambda *_: [])  # the parent dies too
    case.send()
    monkeypatch.undo()
    failpoints = Failpoints()
    failpoints.arm(point, action=crash)
    journals = journals_folder(case.settings.state_folder)
    with pytest.raises(Crash):
        Recovery(case.ledger, journals, failpoints).run(datetime.now(UTC))
    assert case.account.closes
    case.work()
    Recovery(case.ledger, journals, Failpoints()).run(datetime.now(UTC))
    assert case.account.sent == 40
    assert case.copies.total() <= 43
    assert Leases(case.ledger).all() == []
    assert list(journals.iterdir()) == []
