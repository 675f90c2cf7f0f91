"""Promises that no piece keeps alone: versions, the clock, the store and Dagster together."""

from dataclasses import replace
from datetime import timedelta

import dagster as dg

from campanile.orchestration.port import SegmentRequest

EXECUTION = "2026-11-23T08-00"


def test_a_waiting_execution_of_version_1_finishes_as_version_1_after_version_2_is_published(
    operations, campaign, run, location
):
    operations.start("winback", EXECUTION)
    assert [result.success for result in run()] == [True]
    second = campaign(2)
    lacking = tuple(a for a in second.activities if a.name != "keen")
    moved = tuple(replace(a, inputs=("three_days",)) if a.name == "keep" else a for a in lacking)
    operations.publish(replace(second, activities=moved))

    loaded = location()
    operations.clock += timedelta(days=4)
    results = run()

    loaded.validate_loadable()
    assert loaded.asset_graph.get(dg.AssetKey(["winback", "keen"])).metadata["version"] == 1
    assert loaded.asset_graph.get(dg.AssetKey(["winback", "keep"])).metadata["version"] == 2
    assert [result.job_def.name for result in results] == ["campaign_winback__v1"]
    assert results[0].success
    assert (EXECUTION, "keen") in operations.committed
    assert operations.segments[EXECUTION, "after_three_days"].state == "succeeded"


def test_one_request_that_does_not_fit_is_held_while_nine_good_ones_start(operations, run):
    for minute in range(9):
        operations.start("winback", f"2026-11-23T08-0{minute}")
    misfit = SegmentRequest(
        "x/start/1", "2026-11-23T09-00", "winback", 1, 1, "start", 1, ("not_an_activity",)
    )
    operations.extra.append(misfit)

    results = run()

    assert [result.success for result in results] == [True] * 9
    ((held, reason),) = operations.held
    assert held is misfit
    assert reason == "Job campaign_winback__v1 has no asset not_an_activity."


def test_a_committed_transition_is_reused_and_a_gate_refuses_to_open_early(
    operations, run, location, instance
):
    operations.start("winback", EXECUTION)
    run()
    committed = dict(operations.committed)

    again = press_materialize(location, instance, ["lapsed", "cells__a", "cells__b"])
    early = press_materialize(location, instance, ["three_days"])

    assert again.success
    facts = [e.materialization.metadata for e in events(again, "ASSET_MATERIALIZATION")]
    assert all(fact["reused"].value.startswith("yes") for fact in facts)
    assert operations.committed == committed
    assert not early.success
    (failure,) = events(early, "STEP_FAILURE")
    assert "waits until 2026-11-25" in failure.user_failure_data.description
    assert not events(early, "STEP_UP_FOR_RETRY")


def test_a_branch_not_reached_arms_no_wait_sends_nothing_and_saves_nothing(operations, run):
    operations.unreached |= {"cells__a", "cells__b"}
    operations.start("winback", EXECUTION)

    first, second = run(), run()

    assert [result.success for result in first + second] == [True, True]
    made = {
        e.materialization.asset_key.path[-1]: e.materialization.metadata
        for result in first + second
        for e in events(result, "ASSET_MATERIALIZATION")
    }
    for name in ("offer__plan", "three_days", "keep"):
        assert made[name]["dagster/row_count"].value == 0
        assert made[name]["reached"].value == "not reached: empty"
    assert operations.due == {}
    assert operations.sent == []
    assert operations.saved == []


def press_materialize(location, instance, names):
    """Materialise assets as the button of the UI does: no segment, no attempt, no tags of ours."""
    return (
        location()
        .get_job("campaign_winback__v1")
        .execute_in_process(
            instance=instance,
            partition_key=EXECUTION,
            asset_selection=[dg.AssetKey(["winback", name]) for name in names],
            raise_on_error=False,
        )
    )


def events(result, kind):
    return [
        event.step_materialization_data
        if kind == "ASSET_MATERIALIZATION"
        else event.event_specific_data
        for event in result.all_events
        if event.event_type_value == kind
    ]
