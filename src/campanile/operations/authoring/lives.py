"""The life of executions by hand: confirmed, paused, resumed, stopped, and taken back."""

from collections.abc import Sequence
from dataclasses import dataclass

from campanile.campaigns.restarts import restart_from
from campanile.deliveries.account import Account
from campanile.deliveries.delivery import Delivery
from campanile.errors import Refused
from campanile.operations.authoring.versions import get_version
from campanile.operations.project import Project
from campanile.store.execution_rows import Execution


@dataclass(frozen=True)
class Stopped:
    """An execution that ended by hand, and what became of its messages."""

    execution: Execution
    already_out: int
    in_flight: int
    called_back: int


def find_execution(project: Project, campaign: str, key: str | None = None) -> Execution:
    """The execution of that key, or the newest one; raises Refused when there is none."""
    project.store.campaigns.get(campaign)
    if key is not None:
        return project.store.executions.find(campaign, key)
    found = project.store.executions.of_campaign(campaign, limit=1)
    if not found:
        raise Refused(
            f"campaign '{campaign}' has no execution yet.",
            remedy=f"`campanile test {campaign}` or `campanile publish {campaign}` starts one.",
        )
    return found[0]


def open_execution(project: Project, campaign: str, key: str | None = None) -> Execution:
    """The execution of that key, or the only one that is not over; raises Refused otherwise."""
    project.store.campaigns.get(campaign)
    if key is not None:
        return project.store.executions.find(campaign, key)
    found = project.store.executions.open_executions(campaign)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused(f"campaign '{campaign}' has no execution under way.")
    keys = ", ".join(one.key for one in found)
    raise Refused(f"campaign '{campaign}' has several executions under way.",
                  remedy=f"Name one: {keys}.")  # fmt: skip


def confirm(
    project: Project, campaign: str, key: str | None, activity: str | None, *, actor: str
) -> list[tuple[Delivery, Account]]:
    """Let deliveries go that wait for it: all of an execution's, or the one of `activity`."""
    execution = open_execution(project, campaign, key)
    deliveries = project.store.deliveries
    waiting = [
        one
        for one in deliveries.of_execution(execution.id)
        if one.state == "confirming" and activity in (None, one.activity)
    ]
    if not waiting:
        waits = project.store.executions.waits_for(execution.id).sentence
        what = f"'{activity}'" if activity else "no delivery"
        verb = "does not wait" if activity else "waits"
        raise Refused(
            f"{what} of execution {execution.name} {verb} for confirmation: the execution {waits}."
        )
    confirmed = []
    for one in waiting:
        account = deliveries.account(one.id)
        confirmed.append((deliveries.confirm(one.id), account))
        project.store.audit.record(
            actor,
            "confirm",
            f"execution:{execution.name}",
            activity=one.activity,
            delivery=one.id,
            messages=account.waiting,
        )
    return confirmed


def pause(
    project: Project, campaign: str, key: str | None, *, actor: str, reason: str
) -> Execution:
    """Start nothing new, and send nothing more, until it is resumed."""
    execution = open_execution(project, campaign, key)
    paused = project.store.executions.pause(execution.id, by=actor, reason=reason)
    for one in _deliveries(project, execution, ("planned", "sending")):
        project.store.deliveries.pause(one.id, reason)
    return paused


def resume(
    project: Project, campaign: str, key: str | None, *, actor: str, reason: str | None = None
) -> Execution:
    """Go on with a paused execution, or start one that is held as too late after all."""
    execution = open_execution(project, campaign, key)
    executions = project.store.executions
    if execution.status == "held":
        return executions.release_held(execution.id, by=actor, reason=reason)
    paused = _deliveries(project, execution, ("paused",))
    if execution.status == "paused":
        execution = executions.resume(execution.id, by=actor, reason=reason)
    elif not paused:
        raise Refused(f"execution {execution.name} is {execution.status}: nothing is paused.")
    for one in paused:
        project.store.deliveries.resume(one.id)
        target = f"execution:{execution.name}"
        project.store.audit.record(
            actor, "resume_delivery", target, reason=reason, activity=one.activity, delivery=one.id
        )
    return execution


def stop(project: Project, campaign: str, key: str | None, *, actor: str, reason: str) -> Stopped:
    """End an execution for good; messages that have not left are called back."""
    execution = open_execution(project, campaign, key)
    executions = project.store.executions
    if execution.status == "held":
        return Stopped(executions.skip_held(execution.id, by=actor, reason=reason), 0, 0, 0)
    stopped = executions.stop(execution.id, by=actor, reason=reason)
    states = ("planning", "planned", "confirming", "sending", "paused")
    found = [
        project.store.deliveries.cancel(one.id, project.clock())
        for one in _deliveries(project, execution, states)
    ]
    return Stopped(
        stopped,
        already_out=sum(one.already_out for one in found),
        in_flight=sum(one.in_flight for one in found),
        called_back=sum(one.called_back for one in found),
    )


def restart(
    project: Project, campaign: str, key: str, activity: str, *, actor: str, reason: str
) -> tuple[Execution, Sequence[str]]:
    """Compute an activity and all below it anew; returns the transitions that were superseded.

    Raises Refused once a delivery at or below it is planned: what was promised to people stays.
    """
    execution = project.store.executions.find(campaign, key)
    compiled = get_version(project, campaign, execution.version)
    plan = restart_from(compiled.graph, compiled.segments, activity)
    below = {activity, *compiled.graph.descendants(activity)}
    for one in project.store.deliveries.of_execution(execution.id):
        if one.activity in below:
            raise Refused(
                f"the delivery of '{one.activity}' has {one.planned:,} planned messages, so what "
                f"leads to it stays as it is.",
                remedy=f"`campanile stop {campaign} {key}`, then start a new execution.",
            )
    if not set(plan.transitions) & set(project.store.manifests.committed(execution.id)):
        waits = project.store.executions.waits_for(execution.id).sentence
        raise Refused(
            f"'{activity}' is not computed yet, so there is nothing to take back: the execution "
            f"{waits}."
        )
    moved = project.store.restarts.restart(
        execution.id,
        transitions=plan.transitions,
        segment=plan.segment,
        later_segments=plan.later_segments,
        gates=plan.gates,
        by=actor,
        reason=reason,
    )
    return moved, plan.transitions


def _deliveries(project: Project, execution: Execution, states: Sequence[str]) -> list[Delivery]:
    found = project.store.deliveries.of_execution(execution.id)
    return [one for one in found if one.state in states]
