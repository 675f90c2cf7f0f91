"""The sensors: the clock that moves every campaign, one that asks who is new, one that cleans."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import dagster as dg

from campanile.operations.hosting.heartbeat import note_tick
from campanile.operations.project import Project
from campanile.operations.scheduling.clock import hold, mark_requested, tick
from campanile.operations.scheduling.requests import Request
from campanile.operations.scheduling.retargeting import new_people
from campanile.orchestration import keys
from campanile.orchestration.freshness import Freshness
from campanile.orchestration.old_runs import forget_old_runs
from campanile.orchestration.partitions import add_partitions, live_executions
from campanile.orchestration.reconciliation import (
    drop_known,
    pause_cancelled,
    reconcile,
    renew_sends,
)
from campanile.orchestration.requests import Loaded, partitions_of, to_run_request
from campanile.orchestration.resources import OpenProject

CLOCK_SECONDS = 5
RETARGETING_SECONDS = 30
HOUSEKEEPING_SECONDS = 600


Result: TypeAlias = dg.SensorResult | dg.SkipReason
Tick: TypeAlias = Callable[[dg.SensorEvaluationContext], Result]


def build_sensors(
    jobs: Mapping[str, dg.JobDefinition], open_project: OpenProject, freshness: Freshness
) -> dict[str, dg.SensorDefinition]:
    """Return the sensors over all `jobs`; they keep nothing themselves, the store is the state."""
    targets = [job for name, job in jobs.items() if not name.startswith("__")]
    ticks = {
        keys.CLOCK: (
            _clock(open_project, freshness),
            CLOCK_SECONDS,
            "Starts ready segments, due gates, sends and reports of every campaign.",
        ),
        keys.RETARGETING: (
            _retargeting(open_project),
            RETARGETING_SECONDS,
            "Starts an execution for people whose feedback a campaign waits for.",
        ),
        keys.HOUSEKEEPING: (
            _housekeeping(open_project),
            HOUSEKEEPING_SECONDS,
            "Deletes runs that are older than retention.logs, once a day.",
        ),
    }
    return {
        name: dg.SensorDefinition(
            name=name,
            evaluation_fn=evaluate,
            jobs=targets,
            minimum_interval_seconds=seconds,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description=description,
        )
        for name, (evaluate, seconds, description) in ticks.items()
    }


def _clock(open_project: OpenProject, freshness: Freshness) -> Tick:
    def clock(context: dg.SensorEvaluationContext) -> Result:
        project = open_project()
        freshness.look(project)
        ended = reconcile(project, context.instance)
        due = tick(project, project.clock())
        note_tick(project.state, project.clock())
        sends = pause_cancelled(project, context.instance, due.sends)
        renew_sends(project, context.instance, sends)
        asked: list[Request] = [*sends, *due.segments, *due.reports]
        return request_what_fits(context, project, asked, f"{ended} run(s) ended")

    return clock


def _retargeting(open_project: OpenProject) -> Tick:
    def retargeting(context: dg.SensorEvaluationContext) -> Result:
        project = open_project()
        asked = new_people(project, project.clock())
        return request_what_fits(context, project, asked, "nobody is new")

    return retargeting


def _housekeeping(open_project: OpenProject) -> Tick:
    def housekeeping(context: dg.SensorEvaluationContext) -> Result:
        project = open_project()
        deleted = forget_old_runs(project, context.instance, project.clock())
        return dg.SkipReason(f"{deleted} old run(s) deleted.")

    return housekeeping


def request_what_fits(
    context: dg.SensorEvaluationContext,
    project: Project,
    asked: Sequence[Request],
    otherwise: str,
) -> dg.SensorResult | dg.SkipReason:
    """Hold each request that does not fit what is loaded, with its reason, and ask for the rest.

    A request counts as asked from here. Should the tick die before Dagster has the run, the store
    offers it again under the same run key, which Dagster takes once.
    """
    if context.repository_def is None:
        raise dg.DagsterInvariantViolationError("The sensor was called without its repository.")
    loaded = Loaded(context.repository_def)
    fitting: list[Request] = []
    held: list[str] = []
    for request in asked:
        reason = loaded.misfit(request)
        if reason is None:
            fitting.append(request)
        else:
            hold(project, request, reason)
            held.append(reason)
            context.log.warning("Held %s: %s", request.run_key, reason)
    if not fitting:
        return dg.SkipReason(_sentence(held, otherwise))
    mark_requested(project, fitting)
    new = drop_known(context.instance, fitting)
    wanted = partitions_of(loaded, new)
    numbers = project.store.executions.numbers([keys.campaign_of(folder) for folder in wanted])
    add_partitions(context.instance, wanted, live_executions(project), numbers=numbers)
    return dg.SensorResult(
        run_requests=[to_run_request(loaded, each) for each in new],
        skip_reason=None if new else dg.SkipReason("Dagster is at all that is due."),
    )


def _sentence(held: Sequence[str], otherwise: str) -> str:
    if held:
        return f"Nothing could be started; {len(held)} held: {held[0]}"
    return f"Nothing is due; {otherwise}."
