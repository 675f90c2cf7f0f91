"""A transition is committed once, together with all that its activity implies."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from campanile.errors import Refused
from campanile.store.alerts import NewAlert
from campanile.store.audiences import NewAudienceVersion
from campanile.store.execution_rows import Execution
from campanile.store.manifest_rows import OutputRow
from campanile.store.store import Store

SCHEMA = {"id": "integer", "city": "text"}
CELLS = [
    OutputRow("cells.vip", "cells", 3, SCHEMA, path="work/vip.parquet", details={"share": 0.3}),
    OutputRow("cells.others", "cells", 7, SCHEMA, path="work/others.parquet"),
]


def test_a_committed_transition_is_reused_and_never_overwritten(live: Store, begun: Execution):
    first = live.manifests.commit_outputs(begun.id, "start", 1, CELLS)

    again = live.manifests.commit_outputs(
        begun.id, "start", 1, [replace(each, rows=99, path="other") for each in CELLS]
    )

    assert (first.reused, again.reused) == (False, True)
    assert again.rows == first.rows
    assert live.manifests.committed(begun.id) == first.rows
    assert list(first.rows["cells.vip"].schema) == ["id", "city"]


def test_racing_commits_leave_the_rows_of_one(live: Store, begun: Execution):
    together = Barrier(4)

    def commit(number: int) -> tuple[bool, int]:
        mine = [replace(each, rows=number) for each in CELLS]
        together.wait()
        done = live.manifests.commit_outputs(begun.id, "start", 1, mine)
        return done.reused, done.rows["cells.vip"].rows

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(commit, range(1, 5)))

    assert sorted(reused for reused, _ in outcomes) == [False, True, True, True]
    assert len({rows for _, rows in outcomes}) == 1


def test_outputs_of_one_activity_are_committed_all_or_none(live: Store, begun: Execution):
    wrong = replace(CELLS[1], rows=-1)

    with pytest.raises(Exception, match="ck_manifest_rows"):
        live.manifests.commit_outputs(begun.id, "start", 1, [CELLS[0], wrong])

    assert live.manifests.committed(begun.id) == {}


def test_a_run_of_a_stale_attempt_commits_nothing(live: Store, begun: Execution):
    live.segments.fail(begun.id, "start", 1, reason="vanished")
    live.segments.retry(begun.id, "start", by="clock")

    with pytest.raises(Refused, match="is ready, attempt 2; this run is of attempt 1"):
        live.manifests.commit_outputs(begun.id, "start", 1, CELLS)

    assert live.manifests.committed(begun.id) == {}


def test_nothing_is_committed_for_an_execution_that_is_over(live: Store, begun: Execution):
    live.executions.stop(begun.id, by="ana", reason="wrong offer")

    with pytest.raises(Refused, match="is stopped"):
        live.manifests.commit_outputs(begun.id, "start", 1, CELLS)


def test_what_runs_while_its_execution_is_paused_may_finish(live: Store, begun: Execution):
    live.executions.pause(begun.id, by="ana", reason="lunch")

    assert not live.manifests.commit_outputs(begun.id, "start", 1, CELLS).reused


def test_effects_are_committed_with_the_outputs_and_only_once(live: Store, begun: Execution):
    alert = NewAlert("cells", "Cells are ready", "10 people")
    audience = NewAudienceVersion(
        audience="vips", dimension="customer", expected=0, paths=["a.parquet"], rows=3,
        schema=SCHEMA, execution_id=begun.id, activity="cells", attempt=1,
    )  # fmt: skip

    for _ in range(2):
        live.manifests.commit_outputs(begun.id, "start", 1, CELLS, effects=[alert, audience])

    assert [each.title for each in live.alerts.newest("welcome")] == ["Cells are ready"]
    assert live.audiences.current()["vips"].version == 1


def test_a_refused_effect_takes_the_outputs_back(live: Store, begun: Execution):
    stale = NewAudienceVersion(
        audience="vips", dimension="customer", expected=4, paths=[], rows=0,
        schema=SCHEMA, execution_id=begun.id, activity="cells", attempt=1,
    )  # fmt: skip

    with pytest.raises(Refused, match="is at version 0; the new rows were made from version 4"):
        live.manifests.commit_outputs(begun.id, "start", 1, CELLS, effects=[stale])

    assert live.manifests.committed(begun.id) == {}
    assert live.audiences.current() == {}


def test_superseding_lets_a_transition_be_committed_anew_and_keeps_its_history(
    live: Store, begun: Execution
):
    live.manifests.commit_outputs(begun.id, "start", 1, CELLS)

    assert (
        live.manifests.supersede(begun.id, ["cells.vip", "cells.others"], by="ana", reason="x") == 2
    )
    assert live.manifests.committed(begun.id) == {}
    live.manifests.commit_outputs(begun.id, "start", 1, [replace(c, rows=1) for c in CELLS])

    history = live.manifests.history(begun.id, "cells.vip")
    assert [(each.rows, each.superseded_at is None) for each in history] == [(1, True), (3, False)]


def test_outputs_of_two_activities_are_not_one_commit(live: Store, begun: Execution):
    with pytest.raises(ValueError, match="one activity"):
        live.manifests.commit_outputs(
            begun.id, "start", 1, [CELLS[0], replace(CELLS[1], activity="other")]
        )


def test_executions_do_not_see_each_others_transitions(
    live: Store, begun: Execution, start: Callable[..., Execution]
):
    live.manifests.commit_outputs(begun.id, "start", 1, CELLS)

    assert live.manifests.committed(start().id) == {}
