"""Decisions of a person about an execution that failed checks hold: on all the same, or the end."""

from campanile.errors import Refused
from campanile.operations.authoring.calling_back import call_back
from campanile.operations.authoring.lives import Stopped, open_execution
from campanile.operations.executing.advancing import advance
from campanile.operations.people.rights import requires_for_campaign
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.execution_rows import Execution


@requires_for_campaign(Right.PUBLISH)
def approve(
    project: Project,
    campaign: str,
    key: str | None,
    *,
    actor: str,
    reason: str,
    activity: str | None = None,
    version: int | None = None,
) -> Execution:
    """Let an execution go on although checks failed: all of them, or those of `activity`.

    Raises Refused when nothing is held any more, and when the execution does not run `version`,
    the one that the person has looked at.
    """
    execution = _looked_at(project, campaign, key, version)
    approved = project.store.check_holds.approve(
        execution.id, by=actor, reason=reason, activity=activity
    )
    return advance(project, approved.id)


@requires_for_campaign(Right.PUBLISH)
def reject(
    project: Project,
    campaign: str,
    key: str | None,
    *,
    actor: str,
    reason: str,
    version: int | None = None,
) -> Stopped:
    """End an execution because of its failed checks; what other branches planned is called back."""
    execution = _looked_at(project, campaign, key, version)
    ended = project.store.check_holds.reject(execution.id, by=actor, reason=reason)
    return Stopped(ended, call_back(project, [ended]))


def _looked_at(project: Project, campaign: str, key: str | None, version: int | None) -> Execution:
    """The execution meant: the only one that is held where none is named."""
    if key is None:
        found = project.store.executions.open_executions(campaign)
        held = [one for one in found if one.status == "held" and one.started_at is not None]
        key = held[0].key if len(held) == 1 else None
    execution = open_execution(project, campaign, key)
    if version not in (None, execution.version):
        raise Refused(
            f"execution {execution.name} runs version {execution.version}, not {version}.",
            remedy=f"Look at it first: campanile preview {campaign} --execution {execution.key}",
        )
    return execution
