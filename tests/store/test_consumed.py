"""What an activity consumed counts from the commit of its transition on, and not before."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.store.consumed import NO_EVENT, Commit, Consumed
from campanile.store.execution_rows import Execution
from campanile.store.manifest_rows import OutputRow
from campanile.store.store import Store

Start = Callable[..., Execution]
KNOWN = (("welcome", "known"),)


def _add(store: Store, execution: Execution, events: Iterable[tuple[int, str]]) -> int:
    rows = (Consumed(event_id, person) for event_id, person in events)
    return store.consumed.add("welcome", "known", Commit(execution.id, "known", 1), rows)


def _commit(store: Store, execution: Execution) -> None:
    store.manifests.commit_outputs(execution.id, "start", 1, [OutputRow("known", "known", 1, {})])


def _ids(store: Store, least: int = 1) -> list[int]:
    return list(store.consumed.consumed_event_ids(KNOWN, least))


def _begin(store: Store, execution: Execution) -> None:
    store.segments.begin(execution.id, "start", attempt=1, version=1, run_id="r", make_pins=dict)


def test_rows_of_a_transition_that_never_committed_do_not_count(live: Store, begun: Execution):
    _add(live, begun, [(1, "p1"), (2, "p2")])
    assert _ids(live) == []
    assert live.consumed.count(KNOWN) == 0

    _commit(live, begun)

    assert _ids(live) == [1, 2]
    assert list(live.consumed.people(KNOWN)) == ["p1", "p2"]


def test_a_retry_that_writes_them_again_changes_nothing(live: Store, begun: Execution):
    for _ in range(2):
        assert _add(live, begun, [(1, "p1"), (2, "p1")]) == 2
    _commit(live, begun)

    assert _ids(live) == [1, 2]
    assert live.consumed.count(KNOWN) == 1


def test_rows_of_an_execution_that_failed_do_not_hide_those_of_the_next(
    live: Store, begun: Execution, start: Start
):
    _add(live, begun, [(1, "p1")])
    live.executions.stop(begun.id, by="ana", reason="failed")
    following = start()
    _begin(live, following)
    _add(live, following, [(1, "p1")])
    _commit(live, following)

    assert _ids(live) == [1]
    assert live.consumed.sweep() == 1
    assert _ids(live) == [1]


def test_a_superseded_transition_gives_its_people_back(live: Store, begun: Execution):
    _add(live, begun, [(1, "p1")])
    _commit(live, begun)

    live.manifests.supersede(begun.id, ["known"], by="ana", reason="wrong rule")

    assert _ids(live) == []


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    executions=st.lists(
        st.tuples(st.booleans(), st.sets(st.tuples(st.integers(1, 30), st.sampled_from("abc")))),
        max_size=4,
    ),
    least=st.integers(1, 30),
)
def test_consumed_is_exactly_what_committed_transitions_brought(
    live: Store, start: Start, executions: list[tuple[bool, set[tuple[int, str]]]], least: int
):
    live.consumed.forget("welcome", "known")
    expected: set[int] = set()
    people: set[str] = set()
    for commits, events in executions:
        created = start()
        _begin(live, created)
        _add(live, created, events)
        if commits:
            _commit(live, created)
            expected |= {event_id for event_id, _ in events}
            people |= {person for _, person in events}

    assert _ids(live, least) == sorted(each for each in expected if each >= least)
    assert list(live.consumed.people(KNOWN)) == sorted(people)


def test_cool_down_asks_only_for_those_consumed_lately(
    live: Store, begun: Execution, start: Start, clock: Any
):
    _add(live, begun, [(1, "p1"), (2, "p2")])
    _commit(live, begun)
    clock.move(days=8)
    following = start()
    _begin(live, following)
    _add(live, following, [(3, "p2")])
    _commit(live, following)

    lately = live.consumed.people(KNOWN, clock.now - timedelta(days=7))
    assert list(lately) == ["p2"]


def test_an_incremental_query_remembers_keys_without_events(live: Store, begun: Execution):
    _add(live, begun, [(NO_EVENT, "p1"), (NO_EVENT, "p2")])
    _commit(live, begun)

    assert list(live.consumed.people(KNOWN)) == ["p1", "p2"]
    assert _ids(live) == []
    assert live.consumed.forget("welcome", "known") == 2
    assert live.consumed.count(KNOWN) == 0


def test_more_than_one_batch_is_kept_whole(live: Store, begun: Execution):
    assert _add(live, begun, ((n, f"p{n}") for n in range(1, 12_002))) == 12_001
    _commit(live, begun)

    assert _ids(live) == list(range(1, 12_002))
    assert live.consumed.forget("welcome", "known") == 12_001
