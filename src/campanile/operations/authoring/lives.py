"""The life of executions by hand: confirmed, paused, resumed, stopped, and taken back."""

from collections.abc import Sequence
from dataclasses import dataclass

from campanile.campaigns.restarts import restart_from
from campanile.deliveries.account import Account
from campanile.deliveries.delivery import Delivery
from campanile.errors import Refused
from campanile.operations.authoring.calling_back import CalledBack, call_back
from campanile.operations.authoring.versions import get_version
from campanile.operations.people.rights import (
    require_for_campaign,
    requires,
    requires_for_campaign,
)
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.execution_rows import Execution
from campanile.store.reinstatement import reinstate


@dataclass(frozen=True)
class Stopped:
    """An execution that ended by hand, and what became of its messages."""

    execution: Execution
    messages: CalledBack


@requires(Right.VIEW)
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


@requires_for_campaign(Right.PUBLISH)
def confirm(
    project: Project,
    campaign: str,
    key: str | None,
    activity: str | None,
    *,
    actor: str,
    messages: int | None = None,
) -> list[tuple[Delivery, Account]]:
    """Let deliveries go that wait for it: all of an execution's, or the one of `activity`.

    What was planned stays as it is, so what is confirmed is what was shown; should another delivery
    wait by now, `messages` (the number that was shown) refuses it.
    """
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
    accounts = {one.id: deliveries.account(one.id) for one in waiting}
    found = sum(account.waiting for account in accounts.values())
    if messages not in (None, found):
        raise Refused(
            f"{found:,} messages of execution {execution.name} wait for confirmation, "
            f"not {messages:,}.",
            remedy=f"See: campanile account {campaign} {execution.key}",
        )
    confirmed = []
    for one in waiting:
        account = accounts[one.id]
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


@requires_for_campaign(Right.EDIT)
def pause(
    project: Project, campaign: str, key: str | None, *, actor: str, reason: str
) -> Execution:
    """Start nothing new, and send nothing more, until it is resumed."""
    execution = open_execution(project, campaign, key)
    _require_moving(project, execution)
    paused = project.store.executions.pause(execution.id, by=actor, reason=reason)
    for one in _deliveries(project, execution, ("planned", "sending")):
        project.store.deliveries.pause(one.id, reason)
    return paused


@requires_for_campaign(Right.EDIT)
def resume(
    project: Project, campaign: str, key: str | None, *, actor: str, reason: str | None = None
) -> Execution:
    """Go on with an execution that is paused, held as too late, or was stopped.

    One that was stopped is its owner's to resume: whoever answers for the campaign, or asked for
    the execution. What was called back is sent then, what was out is not sent again.
    """
    execution = open_execution(project, campaign, key)
    _require_moving(project, execution)
    executions = project.store.executions
    if execution.status == "held":
        return executions.release_held(execution.id, by=actor, reason=reason)
    if execution.status == "stopped":
        _require_resumable(project, execution, actor)
        execution = project.store.lives.reopen(execution.id, by=actor, reason=reason)
    for one in _deliveries(project, execution, ("cancelled",)):
        reinstate(project.store.databases["ledger"], one.id, project.clock())
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


@requires_for_campaign(Right.EDIT)
def stop(project: Project, campaign: str, key: str, *, actor: str, reason: str) -> Stopped:
    """End an execution; messages that have not left are called back."""
    execution = open_execution(project, campaign, key)
    _require_moving(project, execution)
    executions = project.store.executions
    if execution.status == "held" and execution.started_at is None:
        return Stopped(executions.skip_held(execution.id, by=actor, reason=reason), CalledBack())
    stopped = executions.stop(execution.id, by=actor, reason=reason)
    return Stopped(stopped, call_back(project, [stopped]))


@requires_for_campaign(Right.EDIT)
def restart(
    project: Project, campaign: str, key: str, activity: str, *, actor: str, reason: str
) -> tuple[Execution, Sequence[str]]:
    """Compute an activity and all below it anew; returns the transitions that were superseded.

    Raises Refused once a delivery at or below it is planned: what was promised to people stays.
    """
    execution = project.store.executions.find(campaign, key)
    _require_moving(project, execution)
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


def _require_moving(project: Project, execution: Execution) -> None:
    """A live execution is moved by whoever may publish, a test by whoever may begin one."""
    if execution.mode == "live":
        require_for_campaign(project, Right.PUBLISH, execution.campaign)


def _require_resumable(project: Project, execution: Execution, actor: str) -> None:
    """Refuse to reopen what another answers for, a check rejected, or has lost its tables."""
    owner = get_version(project, execution.campaign, execution.version).campaign.owner
    what = f"execution {execution.name} was stopped"
    if owner and actor not in (owner, execution.requested_by):
        raise Refused(
            f"{what}; it is resumed by its owner, {owner}, or by whoever asked for it.",
            remedy=f"`campanile start {execution.campaign}` starts a new one.",
        )
    holds = project.store.check_holds.of_execution(execution.id)
    if any(hold.decision == "rejected" for hold in holds):
        raise Refused(f"{what} because its checks were rejected; it does not go on.")
    if execution.finished_at and execution.finished_at < project.clock() - project.keep_tables:
        raise Refused(
            f"{what} longer ago than working tables are kept (`retention.tables`).",
            remedy="Start a new execution.",
        )
