"""A segment begins with pins that never change, and only a retry raises its attempt."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from campanile.errors import Refused
from campanile.store.execution_rows import Execution
from campanile.store.segments import Begun
from campanile.store.store import Store

Start = Callable[..., Execution]


def _begin(store: Store, execution_id: int, pins: dict[str, Any], **changed: Any) -> Begun:
    asked = {"attempt": 1, "version": 1, "run_id": "run-1", **changed}
    return store.segments.begin(execution_id, "start", make_pins=lambda: pins, **asked)


def test_racing_runs_begin_with_the_same_pins(live: Store, start: Start):
    created = start()
    together = Barrier(4)

    def begin(number: int) -> Any:
        def make_pins() -> dict[str, Any]:
            together.wait()
            return {"feedback": number}

        found = live.segments.begin(
            created.id, "start", attempt=1, version=1, run_id=f"r{number}", make_pins=make_pins
        )
        return found.pins

    with ThreadPoolExecutor(4) as pool:
        pins = list(pool.map(begin, range(4)))

    assert pins == [pins[0]] * 4
    assert live.segments.get(created.id, "start").pins == pins[0]


def test_a_retry_reads_what_the_first_attempt_pinned(live: Store, start: Start):
    created = start()
    _begin(live, created.id, {"feedback": 1})
    live.segments.fail(created.id, "start", 1, reason="worker lost")
    live.segments.retry(created.id, "start", by="clock")

    again = _begin(live, created.id, {"feedback": 2}, attempt=2, run_id="run-2")

    assert again.pins == {"feedback": 1}
    assert (again.segment.attempt, again.segment.run_id) == (2, "run-2")


def test_beginning_makes_the_execution_run(live: Store, start: Start):
    created = start()

    begun = _begin(live, created.id, {})

    assert begun.execution.status == "running"
    assert begun.execution.started_at is not None
    assert begun.segment.due_at == created.due_at


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"attempt": 2}, "is at attempt 1; this run is of attempt 2"),
        ({"version": 2}, "runs version 1 of the campaign; this run has loaded version 2"),
    ],
)
def test_a_run_that_does_not_fit_does_not_begin(
    live: Store, start: Start, asked: dict[str, int], said: str
):
    created = start()

    with pytest.raises(Refused, match=said):
        _begin(live, created.id, {}, **asked)

    assert live.segments.get(created.id, "start").pins is None


def test_a_run_of_an_earlier_attempt_does_not_begin(live: Store, begun: Execution):
    live.segments.fail(begun.id, "start", 1, reason="lost")
    live.segments.retry(begun.id, "start", by="clock")

    with pytest.raises(Refused, match="is at attempt 2; this run is of attempt 1"):
        _begin(live, begun.id, {}, attempt=1)


@pytest.mark.parametrize("action", ["pause", "stop"])
def test_nothing_begins_while_the_execution_is_asleep(live: Store, start: Start, action: str):
    created = start()
    getattr(live.executions, action)(created.id, by="ana", reason="wait for legal")

    with pytest.raises(Refused, match="wait for legal"):
        _begin(live, created.id, {})
    assert live.segments.ready() == ()


def test_a_segment_that_succeeded_gives_its_pins_again_even_when_all_is_over(
    live: Store, begun: Execution
):
    live.segments.succeed(begun.id, "start", 1)
    live.executions.stop(begun.id, by="ana", reason="enough")

    again = _begin(live, begun.id, {"other": 1}, run_id="from the UI")

    assert again.reused
    assert again.pins == {"entities": {}}
    assert again.segment.run_id == "run-1"


def test_nothing_but_a_retry_raises_the_attempt(live: Store, start: Start):
    created = start()
    live.segments.ensure_ready(created.id, "start", created.due_at)
    live.segments.request([(created.id, "start", 1)])
    live.segments.ask_again(created.id, "start", 1, reason="no such run")
    live.segments.hold(created.id, "start", reason="job is gone")
    live.segments.release_held(created.id, "start")
    live.segments.request([(created.id, "start", 1)])
    _begin(live, created.id, {})
    live.segments.fail(created.id, "start", 1, reason="lost")
    live.segments.fail(created.id, "start", 1, reason="lost, told twice")

    assert live.segments.get(created.id, "start").attempt == 1
    assert live.segments.get(created.id, "start").failures == 1
    assert live.segments.retry(created.id, "start", by="clock").attempt == 2
    with pytest.raises(Refused, match="is ready; it cannot be retried"):
        live.segments.retry(created.id, "start", by="clock")


def test_late_news_of_an_earlier_attempt_changes_nothing(live: Store, begun: Execution):
    live.segments.fail(begun.id, "start", 1, reason="lost")
    retried = live.segments.retry(begun.id, "start", by="clock")

    assert live.segments.fail(begun.id, "start", 1, reason="lost") == retried
    with pytest.raises(Refused, match="attempt 2"):
        live.segments.succeed(begun.id, "start", 1)


def test_the_third_failure_in_a_row_pauses_until_a_person_resumes(live: Store, begun: Execution):
    for attempt in (1, 2, 3):
        live.segments.fail(begun.id, "start", attempt, reason="disk full")
        if attempt < 3:
            assert live.executions.get(begun.id).status == "running"
            live.segments.retry(begun.id, "start", by="clock")
            _begin(live, begun.id, {}, attempt=attempt + 1)

    paused = live.executions.get(begun.id)
    assert paused.status == "paused"
    assert paused.reason == "segment 'start' failed 3 times, at last: disk full"
    with pytest.raises(Refused, match="is paused"):
        live.segments.retry(begun.id, "start", by="clock")

    assert live.executions.resume(begun.id, by="ana").status == "running"
    (ready,) = live.segments.ready()
    assert (ready.attempt, ready.failures) == (4, 0)


def test_what_is_ready_comes_longest_due_first(live: Store, start: Start, clock: Any):
    later = start(due_at=clock.now)
    clock.move(hours=-1)
    sooner = start(due_at=clock.now)

    assert [each.execution_id for each in live.segments.ready()] == [sooner.id, later.id]


def test_segments_asked_for_are_compared_with_dagster_until_they_end(live: Store, start: Start):
    created = start()
    live.segments.request([(created.id, "start", 1)])
    live.executions.stop(created.id, by="ana", reason="enough")

    (open_segment,) = live.segments.requested_or_started()

    assert open_segment.run_key == f"{created.id}:start:1"
    live.segments.fail(created.id, "start", 1, reason="cancelled")
    assert live.segments.requested_or_started() == ()
    assert live.executions.get(created.id).status == "stopped"


def test_what_sleeps_or_is_at_another_attempt_is_not_asked_for(
    live: Store, start: Start, clock: Any
):
    awake, asleep = start(), start()
    live.executions.pause(asleep.id, by="ana", reason="wait")
    clock.move(seconds=5)

    live.segments.request([(awake.id, "start", 2), (asleep.id, "start", 1)])
    assert live.segments.requested_or_started() == ()

    live.segments.request([(asleep.id, "start", 1), (awake.id, "start", 1)])
    (requested,) = live.segments.requested_or_started()
    assert (requested.execution_id, requested.requested_at) == (awake.id, clock.now)


def test_a_held_segment_says_why_and_is_not_asked_for(live: Store, start: Start):
    created = start()

    live.segments.hold(created.id, "start", reason="asset welcome/offer is not in the location")

    assert live.segments.ready() == ()
    assert [each.name for each in live.segments.held()] == ["start"]
    assert "asset welcome/offer" in live.executions.waits_for(created.id).sentence
    with pytest.raises(Refused, match=r"is held .*not in the location"):
        _begin(live, created.id, {})
