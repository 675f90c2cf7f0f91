"""A gate is armed once and opens once, and never before its time by itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from campanile.errors import Refused
from campanile.store.execution_rows import Execution
from campanile.store.store import Store

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_arming_again_keeps_the_first_due_time(live: Store, begun: Execution):
    live.gates.arm(begun.id, "pause", "wait", NOON)

    assert live.gates.arm(begun.id, "pause", "wait", NOON + timedelta(days=3)).due_at == NOON


def test_a_wait_opens_when_it_is_due_and_not_a_moment_before(live: Store, begun: Execution):
    live.gates.arm(begun.id, "pause", "wait", NOON)

    assert live.gates.release_due(NOON - timedelta(microseconds=1)) == ()
    (opened,) = live.gates.release_due(NOON)

    assert (opened.state, opened.released_by, opened.outcome) == ("released", "clock", "due")
    assert live.gates.release_due(NOON) == ()


def test_racing_clocks_open_a_gate_once(live: Store, begun: Execution):
    for number in range(5):
        live.gates.arm(begun.id, f"pause_{number}", "wait", NOON)

    with ThreadPoolExecutor(4) as pool:
        opened = [
            g for gs in pool.map(lambda _: live.gates.release_due(NOON), range(4)) for g in gs
        ]

    assert sorted(each.activity for each in opened) == [f"pause_{n}" for n in range(5)]


@pytest.mark.parametrize("action", ["pause", "stop"])
def test_gates_of_sleeping_executions_stay_shut(live: Store, begun: Execution, action: str):
    live.gates.arm(begun.id, "pause", "wait", NOON)
    getattr(live.executions, action)(begun.id, by="ana", reason="x")

    assert live.gates.due(NOON) == ()
    assert live.gates.release_due(NOON) == ()


def test_a_delivery_opens_only_when_told(live: Store, begun: Execution):
    live.gates.arm(begun.id, "offer", "delivery")

    assert live.gates.release_due(NOON + timedelta(days=365)) == ()
    assert [each.activity for each in live.gates.armed_deliveries()] == ["offer"]
    opened = live.gates.release(begun.id, "offer", by="clock", outcome="every message is final")
    assert live.gates.release(begun.id, "offer", by="ana", outcome="again") == opened
    assert live.gates.armed_deliveries() == ()


def test_the_longest_overdue_comes_first(
    live: Store, begun: Execution, start: Callable[..., Execution]
):
    other = start()
    live.gates.arm(begun.id, "late", "wait", NOON)
    live.gates.arm(other.id, "early", "wait", NOON - timedelta(hours=1))

    assert [each.activity for each in live.gates.due(NOON)] == ["early", "late"]
    assert [each.activity for each in live.gates.due(NOON, limit=1)] == ["early"]


def test_a_gate_that_was_never_armed_is_refused_with_those_there_are(live: Store, begun: Execution):
    live.gates.arm(begun.id, "offer", "delivery")

    with pytest.raises(Refused, match="no gate 'pause' yet; it has: offer"):
        live.gates.get(begun.id, "pause")


def test_a_wait_without_a_due_time_would_wait_for_ever(live: Store, begun: Execution):
    with pytest.raises(ValueError, match="a wait has a due time"):
        live.gates.arm(begun.id, "pause", "wait")
