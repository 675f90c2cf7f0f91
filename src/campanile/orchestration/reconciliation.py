"""What Dagster says of the runs that the store waits for."""

from collections.abc import Collection, Iterable

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from campanile.operations.project import Project
from campanile.operations.scheduling.clock import Outcome, run_ended, started_runs
from campanile.operations.scheduling.requests import Request, SendRequest
from campanile.operations.scheduling.sends import pause_sending
from campanile.orchestration import keys
from campanile.orchestration.requests import DELIVERY_TAG

RUN_KEY_TAG = "dagster/run_key"
HEARD_TAG = "campanile/heard"
BY_HAND = "dagster-ui"
CANCELLED = "cancelled in the Dagster UI"
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


def drop_known(instance: dg.DagsterInstance, asked: Iterable[Request]) -> list[Request]:
    """Leave out what Dagster is at already, so that it is not asked in vain or twice.

    A run of the same key, whoever asked for it: Dagster only looks at the runs of one sensor.
    A send of a delivery that another send run is at: two would only share the work.
    """
    requests = list(asked)
    known = _statuses_by_key(instance, [each.run_key for each in requests])
    sent = _deliveries_under_way(instance) if _has_sends(requests) else frozenset()
    return [
        each
        for each in requests
        if each.run_key not in known
        and not (isinstance(each, SendRequest) and str(each.delivery_id) in sent)
    ]


def renew_sends(project: Project, instance: dg.DagsterInstance, asked: Iterable[Request]) -> int:
    """Give deliveries that are due a new key where the run of the old is over; return how many.

    A send run that was killed before it began leaves its key behind, and no key runs twice.
    """
    sends = [each for each in asked if isinstance(each, SendRequest)]
    known = _statuses_by_key(instance, [each.run_key for each in sends])
    over = [each for each in sends if known.get(each.run_key) in _OUTCOMES]
    for each in over:
        project.store.due.ask_again(each.delivery_id)
    return len(over)


def pause_cancelled(
    project: Project, instance: dg.DagsterInstance, asked: Iterable[SendRequest]
) -> list[SendRequest]:
    """Pause deliveries whose send run somebody cancelled in Dagster; return the other requests.

    Each cancelled run is heard once: what was resumed since is sent on.
    """
    requests = list(asked)
    cancelled = _unheard(instance, [str(each.delivery_id) for each in requests])
    for run in cancelled:
        pause_sending(project, int(run.tags[DELIVERY_TAG]), by=BY_HAND, reason=CANCELLED)
        instance.add_run_tags(run.run_id, {HEARD_TAG: "yes"})
    paused = {run.tags[DELIVERY_TAG] for run in cancelled}
    return [each for each in requests if str(each.delivery_id) not in paused]


def _unheard(instance: dg.DagsterInstance, deliveries: Collection[str]) -> list[dg.DagsterRun]:
    """Cancelled send runs of deliveries that the clock has not heard of."""
    return [
        run
        for some in _batches(deliveries)
        for run in instance.get_runs(
            RunsFilter(
                job_name=keys.SEND_JOB,
                statuses=[DagsterRunStatus.CANCELED],
                tags={DELIVERY_TAG: some},
            )
        )
        if HEARD_TAG not in run.tags
    ]


def _has_sends(requests: Iterable[Request]) -> bool:
    return any(isinstance(each, SendRequest) for each in requests)


def _deliveries_under_way(instance: dg.DagsterInstance) -> frozenset[str]:
    under_way = RunsFilter(job_name=keys.SEND_JOB, statuses=NOT_FINISHED_STATUSES)
    runs = instance.get_runs(under_way)
    return frozenset(run.tags[DELIVERY_TAG] for run in runs if DELIVERY_TAG in run.tags)


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
