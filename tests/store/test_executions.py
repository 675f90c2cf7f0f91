"""Executions get keys of their own, and do what persons tell them, where that makes sense."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from campanile.errors import Refused
from campanile.store.execution_rows import Execution
from campanile.store.new_executions import NewExecution
from campanile.store.store import Store

Start = Callable[..., Execution]
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_keys_of_one_second_are_numbered(start: Start):
    keys = [start(kind="test", mode="test").key for _ in range(3)]

    base = "test-2026-11-22T09-00-00"
    assert keys == [base, f"{base}-2", f"{base}-3"]


def test_executions_created_at_once_get_different_keys(live: Store, start: Start):
    with ThreadPoolExecutor(4) as pool:
        created = list(pool.map(lambda _: start(), range(8)))

    assert len({each.key for each in created}) == 8
    assert live.executions.find("welcome", created[0].key) == created[0]


def test_a_key_that_begins_like_another_is_no_collision(live: Store, start: Start, clock: Any):
    start()
    clock.now = datetime(2026, 11, 22, 9, 0, 1, tzinfo=UTC)

    assert start().key == "manual-2026-11-22T09-00-01"


def test_the_first_segment_is_due_when_the_execution_is(live: Store, start: Start):
    created = start(due_at=NOON, parameters={"city": "Lyon"})

    (first,) = live.segments.of_execution(created.id)

    assert (first.name, first.attempt, first.state, first.due_at) == ("start", 1, "ready", NOON)
    assert live.executions.get(created.id).parameters == {"city": "Lyon"}


def test_a_draft_can_be_tested_but_not_started(store: Store, save_campaign: Callable[..., int]):
    save_campaign("idea")
    asked = {"campaign": "idea", "version": 1, "requested_by": "ana", "due_at": NOON}

    with pytest.raises(Refused, match="'idea' is draft: it starts no live execution"):
        store.executions.create(NewExecution(kind="manual", mode="live", **asked))

    assert store.executions.create(NewExecution(kind="test", mode="test", **asked)).mode == "test"
    assert store.campaigns.get("idea").status == "draft"


def test_an_execution_needs_a_version_that_exists(start: Start):
    with pytest.raises(Refused, match="no version 7"):
        start(version=7)


def test_sensors_at_once_start_one_execution_of_a_kind(live: Store):
    wanted = NewExecution("welcome", 1, "feedback", "live", "sensor", NOON)

    with ThreadPoolExecutor(4) as pool:
        created = list(pool.map(lambda _: live.executions.create_unless_open(wanted), range(4)))

    assert len([each for each in created if each is not None]) == 1


def test_a_paused_execution_goes_on_where_it_was(live: Store, begun: Execution):
    live.executions.pause(begun.id, by="ana", reason="lunch")
    assert live.executions.waits_for(begun.id).sentence == "paused: lunch"

    resumed = live.executions.resume(begun.id, by="ana", reason="back")

    assert (resumed.status, resumed.reason) == ("running", None)
    assert live.segments.get(begun.id, "start").attempt == 1
    actions = [each.action for each in live.audit.entries(f"execution:{begun.name}")]
    assert actions == ["resume", "paused", "start"]


def test_one_that_had_not_begun_is_requested_again(live: Store, start: Start):
    created = start()
    live.executions.pause(created.id, by="ana", reason="lunch")

    assert live.executions.resume(created.id, by="ana").status == "requested"
    assert len(live.segments.ready()) == 1


def test_a_stopped_execution_stays_stopped(live: Store, begun: Execution):
    stopped = live.executions.stop(begun.id, by="ana", reason="wrong offer")
    assert stopped.finished_at is not None

    for action in (live.executions.pause, live.executions.fail):
        with pytest.raises(Refused, match="is stopped and cannot become"):
            action(begun.id, by="ana", reason="x")
    with pytest.raises(Refused, match="is stopped, not paused"):
        live.executions.resume(begun.id, by="ana")
    assert live.executions.get(begun.id) == stopped


def test_stopping_twice_is_written_down_once(live: Store, begun: Execution):
    for _ in range(2):
        live.executions.stop(begun.id, by="ana", reason="wrong offer")

    actions = [each.action for each in live.audit.entries(f"execution:{begun.name}")]
    assert actions.count("stopped") == 1


def test_open_executions_are_those_that_may_still_do_something(live: Store, start: Start):
    first, second = start(), start()
    live.executions.stop(first.id, by="ana", reason="x")
    live.executions.pause(second.id, by="ana", reason="x")

    assert [each.id for each in live.executions.open_executions("welcome")] == [second.id]


def test_every_open_execution_says_what_it_waits_for(live: Store, start: Start, begun: Execution):
    fresh = start()
    live.segments.succeed(begun.id, "start", 1)
    live.gates.arm(begun.id, "three_days", "wait", NOON)

    assert live.executions.waits_for(fresh.id).sentence == "segment 'start' is ready (attempt 1)"
    said = live.executions.waits_for(begun.id).sentence
    assert said == "waits for wait 'three_days' until 2026-11-22 12:00 UTC"


def test_an_execution_that_is_unknown_is_refused_with_the_way_on(live: Store):
    with pytest.raises(Refused, match=r"no execution welcome/never.*campanile executions"):
        live.executions.find("welcome", "never")


def test_the_executions_of_campaigns_are_counted_together(live: Store, start: Start):
    for _ in range(3):
        start()

    assert live.executions.numbers(["welcome", "nobody"]) == {"welcome": 3}
