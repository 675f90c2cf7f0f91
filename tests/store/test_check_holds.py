"""Holds of failed checks, on both databases."""

import pytest

from campanile.errors import Refused
from campanile.store.advances import Steps
from campanile.store.check_holds import NewCheckHold
from campanile.store.manifest_rows import OutputRow

WHY = NewCheckHold("people", "a check of 'people' failed: count() is 0", [{"passed": False}])


def test_a_hold_stands_once_and_its_approval_gives_the_segment_another_attempt(begun, live):
    live.check_holds.hold(begun.id, WHY)
    live.check_holds.hold(begun.id, WHY)
    live.segments.fail(begun.id, "start", 1, reason="held")
    held = live.executions.get(begun.id)

    approved = live.check_holds.approve(begun.id, by="ada", reason="a new shop")

    (segment,) = live.segments.of_execution(begun.id)
    (hold,) = live.check_holds.of_execution(begun.id)
    assert (held.status, held.reason) == ("held", WHY.reason)
    assert approved.status == "running"
    assert (segment.state, segment.attempt, segment.failures) == ("ready", 2, 0)
    assert (hold.decision, hold.decided_by, hold.decided_why) == ("approved", "ada", "a new shop")
    assert live.executions.get(begun.id).reason is None


def test_what_is_decided_cannot_be_decided_again(begun, live):
    live.check_holds.hold(begun.id, WHY)
    live.check_holds.approve(begun.id, by="ada", reason="yes")

    with pytest.raises(Refused, match="were approved already, by ada"):
        live.check_holds.approve(begun.id, by="bob", reason="yes")
    with pytest.raises(Refused, match="were approved already, by ada"):
        live.check_holds.reject(begun.id, by="bob", reason="no")


def test_without_a_failed_check_there_is_nothing_to_approve(begun, live):
    with pytest.raises(Refused, match="no failed check holds"):
        live.check_holds.approve(begun.id, by="ada", reason="yes")


def test_a_rejected_execution_is_over(begun, live):
    live.check_holds.hold(begun.id, WHY)

    ended = live.check_holds.reject(begun.id, by="ada", reason="cut off")

    assert (ended.status, ended.reason) == ("stopped", "rejected: cut off")


def test_counts_of_the_past_are_of_finished_live_executions_newest_first(live, start, finished):
    for rows in range(12):
        finished(start(), rows)
    finished(start(kind="test", mode="test"), 99)
    finished(start(), 77, reached=False)
    open_one = start()

    assert live.manifests.past_counts(open_one.id, "people") == (11, 10, 9, 8, 7, 6, 5, 4, 3, 2)
    assert live.manifests.past_counts(open_one.id, "others") == ()


@pytest.fixture
def finished(live):
    """Let an execution commit `people` and finish."""

    def finish(execution, rows, *, reached=True):
        live.segments.begin(
            execution.id, "start", attempt=1, version=execution.version, run_id="r",
            make_pins=dict,
        )  # fmt: skip
        row = OutputRow("people", "people", rows if reached else 0, {}, reached=reached)
        live.manifests.commit_outputs(execution.id, "start", 1, [row])
        live.advances.advance(execution.id, lambda _: Steps(finished=True))

    return finish
