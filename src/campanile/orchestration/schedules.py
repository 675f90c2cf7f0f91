"""Recurring campaigns as native schedules: the alarm claims its slot and gets run, skip or held."""

from collections.abc import Mapping
from datetime import UTC

import dagster as dg

from campanile.operations.scheduling.clock import hold, mark_requested
from campanile.operations.scheduling.schedules import claim_slot
from campanile.orchestration import keys
from campanile.orchestration.campaign_assets import Canvas
from campanile.orchestration.keys import JobName
from campanile.orchestration.partitions import add_partitions, live_executions
from campanile.orchestration.reconciliation import drop_known
from campanile.orchestration.requests import Loaded, partitions_of, to_run_request
from campanile.orchestration.resources import OpenProject
from campanile.orchestration.shapes import ScheduleShape

_RUN = "run"


def build_schedules(
    published: Mapping[JobName, Canvas], open_project: OpenProject
) -> dict[str, dg.ScheduleDefinition]:
    """Return one schedule per published campaign that recurs, switched on from the start.

    A campaign's schedule keeps its name over versions, so switching it off outlives a publish. The
    clock sweeps slots that no schedule claimed.
    """
    return {
        keys.schedule_name(name.campaign): _build_schedule(name, schedule, open_project)
        for name, canvas in published.items()
        if (schedule := canvas.campaign.schedule) is not None and schedule.crons
    }


def _build_schedule(
    name: JobName, schedule: ScheduleShape, open_project: OpenProject
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
        if context.repository_def is None:
            raise dg.DagsterInvariantViolationError("The schedule was called without repository.")
        project, loaded = open_project(), Loaded(context.repository_def)
        slot = context.scheduled_execution_time.astimezone(UTC)  # Dagster gives local time
        claimed = claim_slot(project, name.campaign, slot, f"schedule {schedule_name}")
        if claimed.state != _RUN or claimed.request is None:
            return dg.SkipReason(f"{claimed.state}: {claimed.reason}")
        reason = loaded.misfit(claimed.request)
        job = loaded.job_name(claimed.request)
        if reason is None and job != name:
            reason = f"The slot runs {job}; the clock starts it, as this alarm belongs to {name}."
            return dg.SkipReason(reason)
        if reason is not None:
            hold(project, claimed.request, reason)
            return dg.SkipReason(f"held: {reason}")
        mark_requested(project, [claimed.request])
        wanted = partitions_of(loaded, [claimed.request])
        add_partitions(context.instance, wanted, live_executions(project))
        if not drop_known(context.instance, [claimed.request]):
            return dg.SkipReason("The clock was quicker: it runs already.")
        return to_run_request(loaded, claimed.request)

    return alarm
