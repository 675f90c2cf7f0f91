"""What Dagster says of the runs that the store waits for."""

from collections.abc import Collection, Iterable

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

from campanile.operations.clock import Outcome, run_ended, started_runs
from campanile.operations.project import Project
from campanile.operations.requests import ReportRequest, Request

RUN_KEY_TAG = "dagster/run_key"
_OUTCOMES: dict[DagsterRunStatus, Outcome] = {
    DagsterRunStatus.SUCCESS: "success",
    DagsterRunStatus.FAILURE: "failure",
    DagsterRunStatus.CANCELED: "cancelled",
}
_BATCH = 200


def reconcile(project: Project, instance: dg.DagsterInstance) -> int:
    """Tell the store which runs of its segments are over, or gone; return how many.

    A run that never began its segment (its process did not start) is known by its run key. A
    request that is no run at all yet is left alone: the store asks again after a while.
    """
    segments = started_runs(project)
    begun = _statuses_by_id(instance, [each.run_id for each in segments if each.run_id])
    asked = _statuses_by_key(instance, [each.run_key for each in segments if not each.run_id])
    ended = 0
    for each in segments:
        status = begun.get(each.run_id) if each.run_id else asked.get(each.run_key)
        outcome: Outcome | None = _OUTCOMES.get(status) if status else None
        if each.run_id and status is None:
            outcome = "missing"
        if outcome is not None:
            run_ended(project, each, outcome)
            ended += 1
    return ended


def drop_known_reports(instance: dg.DagsterInstance, asked: Iterable[Request]) -> list[Request]:
    """Leave out reports that Dagster has a run for: their key tells the interval they are for."""
    requests = list(asked)
    reports = [each.run_key for each in requests if isinstance(each, ReportRequest)]
    known = _statuses_by_key(instance, reports)
    return [
        each
        for each in requests
        if not isinstance(each, ReportRequest) or each.run_key not in known
    ]


def _statuses_by_id(
    instance: dg.DagsterInstance, run_ids: Collection[str]
) -> dict[str, DagsterRunStatus]:
    return {
        run.run_id: run.status
        for some in _batches(run_ids)
        for run in instance.get_runs(RunsFilter(run_ids=some))
    }


def _statuses_by_key(
    instance: dg.DagsterInstance, run_keys: Collection[str]
) -> dict[str, DagsterRunStatus]:
    return {
        run.tags[RUN_KEY_TAG]: run.status
        for some in _batches(run_keys)
        for run in instance.get_runs(RunsFilter(tags={RUN_KEY_TAG: some}))
    }


def _batches(values: Collection[str]) -> Iterable[list[str]]:
    listed = sorted(set(values))
    return (listed[first : first + _BATCH] for first in range(0, len(listed), _BATCH))
