"""An execution moves on by what is committed and open, in one transaction, any number of times."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from campanile.store.advances import Standing, Steps
from campanile.store.execution_rows import Execution
from campanile.store.gates import GateToArm
from campanile.store.manifest_rows import OutputRow
from campanile.store.store import Store

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def _decide(standing: Standing) -> Steps:
    """Decide like a campaign of `people`, a wait of three days, and `goodbye`."""
    if "people" not in standing.committed:
        return Steps()
    gate = standing.gates.get("pause")
    if gate is None or gate.released_at is None:
        return Steps(arm=(GateToArm("pause", "wait", NOON),))
    ready = {"pause": gate.released_at}
    return Steps(ready=ready, finished="goodbye" in standing.committed)


def test_an_execution_goes_from_segment_to_gate_to_segment_to_its_end(
    live: Store, begun: Execution
):
    assert live.advances.advance(begun.id, _decide).status == "running"
    live.manifests.commit_outputs(begun.id, "start", 1, [OutputRow("people", "people", 2, {})])
    live.segments.succeed(begun.id, "start", 1)
    assert live.advances.advance(begun.id, _decide).status == "waiting"

    (gate,) = live.gates.release_due(NOON)
    assert live.advances.advance(begun.id, _decide).status == "running"
    (ready,) = live.segments.ready()
    assert (ready.name, ready.due_at) == ("pause", gate.released_at)

    live.segments.begin(begun.id, "pause", attempt=1, version=1, run_id="r2", make_pins=dict)
    live.manifests.commit_outputs(begun.id, "pause", 1, [OutputRow("goodbye", "goodbye", 2, {})])
    live.segments.succeed(begun.id, "pause", 1)
    finished = live.advances.advance(begun.id, _decide)
    assert finished.status == "finished"
    assert finished.finished_at is not None


def test_advancing_again_or_at_once_changes_nothing_more(live: Store, begun: Execution):
    live.manifests.commit_outputs(begun.id, "start", 1, [OutputRow("people", "people", 2, {})])
    live.segments.succeed(begun.id, "start", 1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: live.advances.advance(begun.id, _decide), range(4)))
    before = live.advances.standing(begun.id)
    live.advances.advance(begun.id, _decide)

    assert live.advances.standing(begun.id) == before
    assert list(before.gates) == ["pause"]


def test_a_paused_execution_gets_its_gates_and_stays_paused(live: Store, begun: Execution):
    live.executions.pause(begun.id, by="ana", reason="lunch")
    live.manifests.commit_outputs(begun.id, "start", 1, [OutputRow("people", "people", 2, {})])

    assert live.advances.advance(begun.id, _decide).status == "paused"
    assert [each.activity for each in live.gates.of_execution(begun.id)] == ["pause"]


def test_one_that_is_over_or_has_not_begun_is_left_alone(
    live: Store, begun: Execution, start: Callable[..., Execution]
):
    live.executions.stop(begun.id, by="ana", reason="enough")

    def never(_standing: Standing) -> Steps:
        pytest.fail("nothing is to be decided")

    assert live.advances.advance(begun.id, never).status == "stopped"
    assert live.advances.advance(start().id, never).status == "requested"


def test_a_decision_that_fails_changes_nothing(live: Store, begun: Execution):
    def broken(_standing: Standing) -> Steps:
        return Steps(arm=(GateToArm("a", "wait", NOON), GateToArm("b", "wait")))

    with pytest.raises(ValueError, match="a wait has a due time"):
        live.advances.advance(begun.id, broken)

    assert live.gates.of_execution(begun.id) == ()


def test_a_failed_segment_keeps_the_execution_running_for_its_retry(live: Store, begun: Execution):
    live.segments.fail(begun.id, "start", 1, reason="lost")

    assert live.advances.advance(begun.id, _decide).status == "running"
    assert live.gates.due(NOON + timedelta(days=9)) == ()
