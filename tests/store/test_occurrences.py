"""A slot becomes one execution, whoever claims it and however many do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.errors import Refused
from campanile.store.execution_rows import Execution
from campanile.store.store import Store

SLOT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_the_first_claimer_gets_the_execution_and_the_second_hears_of_it(live: Store):
    first = live.occurrences.claim("welcome", SLOT, claimed_by="schedule")
    second = live.occurrences.claim("welcome", SLOT, claimed_by="clock")

    assert first.outcome == "run"
    assert first.execution is not None
    assert first.execution.key == "2026-11-22T09-00"
    assert first.execution.due_at == SLOT
    assert (second.outcome, second.execution) == ("taken", first.execution)
    assert [each.run_key for each in live.segments.ready()] == [f"{first.execution.id}:start:1"]


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(picks=st.lists(st.integers(0, 5), min_size=2, max_size=8))
def test_racing_schedulers_make_one_execution_of_each_slot(live: Store, picks: list[int]):
    known = {each.slot for each in live.occurrences.of_campaign("welcome", limit=10_000)}
    latest = max(known, default=SLOT - timedelta(minutes=5))
    slots = [latest + timedelta(minutes=5 * (1 + pick)) for pick in picks]
    together = Barrier(len(slots))

    def claim(slot: datetime) -> str:
        together.wait()
        claimed = live.occurrences.claim(
            "welcome", slot, claimed_by="race", overlap="allow", late_after=timedelta(days=9)
        )
        return claimed.outcome

    with ThreadPoolExecutor(len(slots)) as pool:
        outcomes = list(pool.map(claim, slots))

    fresh = set(slots)
    assert outcomes.count("run") == len(fresh)
    assert outcomes.count("taken") == len(slots) - len(fresh)
    made = [each.slot for each in live.executions.of_campaign("welcome", limit=10_000)]
    assert sorted(slot for slot in made if slot in fresh) == sorted(fresh)


def test_a_late_slot_is_held_until_a_person_releases_it(live: Store, clock: Any):
    clock.move(hours=7)

    claim = live.occurrences.claim("welcome", SLOT, claimed_by="clock")

    assert claim.outcome == "held"
    assert claim.execution is not None
    assert "late by 7.0 hours" in live.executions.waits_for(claim.execution.id).sentence
    assert live.segments.ready() == ()
    live.executions.release_held(claim.execution.id, by="ana", reason="still useful")
    assert [each.due_at for each in live.segments.ready()] == [SLOT]
    with pytest.raises(Refused, match="is requested, not held"):
        live.executions.skip_held(claim.execution.id, by="ana")


def test_a_late_slot_that_is_skipped_never_runs(live: Store, clock: Any):
    clock.move(hours=7)
    claim = live.occurrences.claim("welcome", SLOT, claimed_by="clock")
    assert claim.execution is not None

    skipped = live.executions.skip_held(claim.execution.id, by="ana", reason="too late")

    assert (skipped.status, skipped.reason) == ("stopped", "too late")
    assert live.segments.ready() == ()


def test_a_slot_is_skipped_while_an_execution_is_open(live: Store, start: Callable[..., Execution]):
    still_open = start()

    claim = live.occurrences.claim("welcome", SLOT, claimed_by="schedule")

    assert (claim.outcome, claim.execution) == ("skipped", None)
    assert still_open.key in claim.reason
    assert [each.state for each in live.occurrences.of_campaign("welcome")] == ["skipped"]


def test_a_queued_slot_starts_when_those_before_it_have_ended(
    live: Store, start: Callable[..., Execution]
):
    before = start()
    claim = live.occurrences.claim("welcome", SLOT, claimed_by="schedule", overlap="queue")
    assert claim.outcome == "queued"

    assert live.executions.release_queued() == ()
    live.executions.stop(before.id, by="ana", reason="enough")

    assert [each.slot for each in live.executions.release_queued()] == [SLOT]
    assert [each.due_at for each in live.segments.ready()] == [SLOT, before.due_at][:1]
    assert live.executions.release_queued() == ()


def test_a_test_that_is_open_does_not_hold_up_a_slot(live: Store, start: Callable[..., Execution]):
    start(kind="test", mode="test")

    assert live.occurrences.claim("welcome", SLOT, claimed_by="schedule").outcome == "run"


def test_a_campaign_that_is_closed_claims_nothing(live: Store):
    live.lives.take("welcome", "close", by="ana")

    claim = live.occurrences.claim("welcome", SLOT, claimed_by="schedule")

    assert (claim.outcome, claim.reason) == ("skipped", "campaign 'welcome' is closed")
    assert live.occurrences.of_campaign("welcome") == ()


def test_the_sweep_sees_the_slots_nobody_claimed(live: Store):
    slots = [SLOT + timedelta(days=n) for n in range(3)]
    live.occurrences.claim("welcome", slots[1], claimed_by="schedule")

    assert live.occurrences.unclaimed("welcome", slots) == (slots[0], slots[2])
    assert live.occurrences.miss("welcome", slots[0], claimed_by="clock", reason="before start")
    assert not live.occurrences.miss("welcome", slots[1], claimed_by="clock", reason="no")
    assert live.occurrences.unclaimed("welcome", slots) == (slots[2],)
    assert live.occurrences.last_slot("welcome") == slots[1]


def test_the_first_occurrence_makes_a_scheduled_campaign_live(
    store: Store, save_campaign: Callable[..., int]
):
    save_campaign("monthly")
    store.campaigns.publish("monthly", 1, by="ana")

    store.occurrences.claim("monthly", SLOT, claimed_by="schedule")

    assert store.campaigns.get("monthly").status == "live"
