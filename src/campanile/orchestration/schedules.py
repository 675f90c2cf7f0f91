"""Recurring campaigns as native schedules: the alarm claims its slot and gets run, skip or held."""

from collections.abc import Mapping

import dagster as dg

from campanile.orchestration import keys
from campanile.orchestration.campaign_assets import Canvas
from campanile.orchestration.keys import JobName
from campanile.orchestration.partitions import add_partitions
from campanile.orchestration.requests import Loaded, partitions_of, to_run_request
from campanile.orchestration.resources import OpenOperations
from campanile.orchestration.shapes import ScheduleShape

_RUN = "run"


def build_schedules(
    published: Mapping[JobName, Canvas], open_operations: OpenOperations
) -> dict[str, dg.ScheduleDefinition]:
    """Return one schedule per published campaign that recurs, switched on from the start.

    A campaign's schedule keeps its name over versions, so switching it off outlives a publish. The
    clock sweeps slots that no schedule claimed.
    """
    return {
        keys.schedule_name(name.campaign): _build_schedule(name, schedule, open_operations)
        for name, canvas in published.items()
        if (schedule := canvas.campaign.schedule) is not None and schedule.crons
    }


def _build_schedule(
    name: JobName, schedule: ScheduleShape, open_operations: OpenOperations
) -> dg.ScheduleDefinition:
    schedule_name = keys.schedule_name(name.campaign)

    @dg.schedule(
        name=schedule_name,
        job_name=str(name),
        cron_schedule=list(schedule.crons),
        execution_timezone=schedule.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"{schedule.text} The slot is claimed in the store, once.",
    )
    def alarm(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        operations = open_operations()
        slot = context.scheduled_execution_time
        claimed = operations.claim_slot(name.campaign, slot, f"schedule {schedule_name}")
        if claimed.state != _RUN or claimed.request is None:
            return dg.SkipReason(f"{claimed.state}: {claimed.reason}")
        if context.repository_def is None:
            raise dg.DagsterInvariantViolationError("The schedule was called without repository.")
        loaded = Loaded(context.repository_def)
        reason = loaded.misfit(claimed.request)
        job = loaded.job_name(claimed.request)
        if reason is None and job != name:
            reason = f"The slot runs {job}; the clock starts it, as this alarm belongs to {name}."
            return dg.SkipReason(reason)
        if reason is not None:
            operations.hold(claimed.request, reason)
            return dg.SkipReason(f"held: {reason}")
        wanted = partitions_of(loaded, [claimed.request])
        add_partitions(context.instance, wanted, operations.live_executions)
        operations.mark_requested([claimed.request])
        return to_run_request(loaded, claimed.request)

    return alarm
