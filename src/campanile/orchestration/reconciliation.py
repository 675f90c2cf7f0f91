"""What Dagster says of the runs that the store waits for."""

from collections.abc import Sequence

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

from campanile.orchestration.port import Operations, StartedSegment

_OUTCOMES = {
    DagsterRunStatus.SUCCESS: "success",
    DagsterRunStatus.FAILURE: "failure",
    DagsterRunStatus.CANCELED: "cancelled",
}
_BATCH = 200


def reconcile(operations: Operations, instance: dg.DagsterInstance) -> int:
    """Tell the store which runs of started segments are over, or gone; return how many."""
    started = [each for each in operations.started_runs() if each.run_id]
    outcomes = _outcomes(instance, started)
    ended = 0
    for each in started:
        outcome = outcomes.get(each.run_id or "", "missing")
        if outcome != "under way":
            operations.run_ended(each, outcome)
            ended += 1
    return ended


def _outcomes(instance: dg.DagsterInstance, started: Sequence[StartedSegment]) -> dict[str, str]:
    run_ids = sorted({each.run_id for each in started if each.run_id})
    outcomes: dict[str, str] = {}
    for first in range(0, len(run_ids), _BATCH):
        some = run_ids[first : first + _BATCH]
        for run in instance.get_runs(RunsFilter(run_ids=some)):
            outcomes[run.run_id] = _OUTCOMES.get(run.status, "under way")
    return outcomes
