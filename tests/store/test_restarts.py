"""A restart computes an activity and its followers anew, and nothing before them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campanile.errors import Refused
from campanile.store.execution_rows import Execution
from campanile.store.manifest_rows import OutputRow
from campanile.store.store import Store

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FROM_BEST: dict[str, Any] = {
    "transitions": ["best", "goodbye"],
    "segment": "start",
    "later_segments": ["pause"],
    "gates": ["pause"],
    "by": "ana",
    "reason": "the ranking was wrong",
}


@pytest.fixture
def waited(live: Store, begun: Execution) -> Execution:
    """An execution past its wait: `people` and `best` before it, `goodbye` behind."""
    for name in ("people", "best"):
        live.manifests.commit_outputs(begun.id, "start", 1, [OutputRow(name, name, 2, {})])
    live.segments.succeed(begun.id, "start", 1)
    live.gates.arm(begun.id, "pause", "wait", NOON)
    live.gates.release_due(NOON)
    live.segments.ensure_ready(begun.id, "pause", NOON)
    live.segments.begin(
        begun.id, "pause", attempt=1, version=1, run_id="r2", make_pins=lambda: {"feedback": 1}
    )
    live.manifests.commit_outputs(begun.id, "pause", 1, [OutputRow("goodbye", "goodbye", 2, {})])
    live.segments.succeed(begun.id, "pause", 1)
    return live.executions.get(begun.id)


def test_what_comes_before_stays_committed(live: Store, waited: Execution):
    live.restarts.restart(waited.id, **FROM_BEST)

    assert list(live.manifests.committed(waited.id)) == ["people"]
    assert live.gates.of_execution(waited.id) == ()


def test_the_first_segment_keeps_its_pins_and_later_ones_pin_anew(live: Store, waited: Execution):
    live.restarts.restart(waited.id, **FROM_BEST)

    (ready,) = live.segments.ready()
    assert (ready.name, ready.attempt, ready.pins) == ("start", 2, {"entities": {}})
    later = NOON + timedelta(days=1)
    assert live.segments.ensure_ready(waited.id, "pause", later)
    again = live.segments.get(waited.id, "pause")
    assert (again.state, again.attempt, again.pins, again.due_at) == ("ready", 2, None, later)
    assert again.run_key != f"{waited.id}:pause:1"


def test_a_run_that_was_cut_off_before_the_restart_commits_nothing_after_it(
    live: Store, waited: Execution
):
    live.restarts.restart(waited.id, **FROM_BEST)

    with pytest.raises(Refused, match="attempt 2"):
        live.manifests.commit_outputs(waited.id, "start", 1, [OutputRow("best", "best", 9, {})])


def test_nothing_is_restarted_under_a_run(live: Store, begun: Execution):
    with pytest.raises(Refused, match="is under way in Dagster run run-1"):
        live.restarts.restart(begun.id, **FROM_BEST)

    assert live.segments.get(begun.id, "start").attempt == 1


def test_a_failed_execution_can_be_taken_up_again_and_a_stopped_one_not(
    live: Store, waited: Execution
):
    live.executions.fail(waited.id, by="campanile", reason="nobody left in 'best'")
    assert live.restarts.restart(waited.id, **FROM_BEST).status == "running"

    live.executions.stop(waited.id, by="ana", reason="enough")
    with pytest.raises(Refused, match="is stopped and cannot be restarted"):
        live.restarts.restart(waited.id, **FROM_BEST)


def test_a_restart_is_audited_with_its_reason(live: Store, waited: Execution):
    live.restarts.restart(waited.id, **FROM_BEST)

    newest = live.audit.entries(f"execution:{waited.name}")[0]
    assert (newest.action, newest.reason) == ("restart", "the ranking was wrong")
    assert newest.details == {"segment": "start", "transitions": ["best", "goodbye"]}


def test_a_failed_execution_of_a_stopped_campaign_makes_it_closed_and_of_an_archived_one_stays(
    live: Store, begun: Execution
) -> None:
    live.segments.fail(begun.id, "start", 1, reason="empty")
    live.executions.fail(begun.id, by="clock", reason="empty")
    live.lives.take("welcome", "stop", by="ana")
    none: dict[str, Any] = {"transitions": (), "later_segments": (), "gates": ()}
    again = {**none, "segment": "start", "by": "ana", "reason": "the file is mended"}

    restarted = live.restarts.restart(begun.id, **again)
    assert (restarted.status, live.campaigns.get("welcome").status) == ("running", "closed")

    live.executions.fail(begun.id, by="clock", reason="empty")
    live.lives.take("welcome", "archive", by="ana")
    with pytest.raises(Refused, match="is archived: none of its executions goes on"):
        live.restarts.restart(begun.id, **again)
