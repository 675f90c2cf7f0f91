"""Reviews before a publication: a version is submitted to those who approve it."""

from dataclasses import dataclass
from datetime import timedelta

from campanile.campaigns.approval_policies import ApprovalPolicy
from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.questions import NewQuestion
from campanile.operations.authoring.approvals import Count, concerned
from campanile.operations.authoring.versions import get_version, version_row
from campanile.operations.people.rights import requires_for_campaign
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.question_rows import Question
from campanile.store.review_rows import APPROVED, CHANGES


@dataclass(frozen=True)
class Submitted:
    """A version that waits for approval; without questions it needs none."""

    campaign: str
    version: int
    rows: int | None
    questions: tuple[Question, ...]


@requires_for_campaign(Right.EDIT)
def submit(
    project: Project,
    name: str,
    *,
    version: int | None = None,
    actor: str,
    comment: str | None = None,
    count: Count,
) -> Submitted:
    """Ask everybody whom a policy names whether a version (the latest) may be published.

    What they approve is this version, for about so many people as are counted now.
    """
    chosen = version or project.store.campaigns.get(name).latest_version
    compiled = get_version(project, name, chosen)
    rows = count(project, name, chosen) if concerned(project, compiled, None) else None
    policies = concerned(project, compiled, rows)
    if not policies:
        return Submitted(name, chosen, rows, ())
    author = version_row(project, name, chosen).created_by
    wanted = [
        _question(project, compiled, chosen, rows, each, policy, (author, actor))
        for each, policy in policies.items()
    ]
    asked = project.store.reviews.submit(name, chosen, wanted, by=actor, comment=comment)
    return Submitted(name, chosen, rows, asked)


@requires_for_campaign(Right.EDIT)
def withdraw(project: Project, name: str, *, actor: str, reason: str) -> None:
    """Take a submission back: nobody is asked any more, and a draft can be changed again."""
    project.store.reviews.withdraw(name, by=actor, reason=reason)


def _question(
    project: Project,
    compiled: CompiledVersion,
    version: int,
    rows: int | None,
    name: str,
    policy: ApprovalPolicy,
    own: tuple[str, ...],
) -> NewQuestion:
    assert isinstance(policy.within, timedelta)
    whom = "an unknown number of people" if rows is None else f"{rows:,} people"
    return NewQuestion(
        kind="publication",
        subject=name,
        text=f"May version {version} of '{compiled.campaign.name}' be published, for {whom}?",
        asked=policy.by,
        answers=(APPROVED, CHANGES),
        needs=policy.needs,
        rows=rows,
        barred=() if policy.own else tuple(dict.fromkeys(own)),
        due_at=project.clock() + policy.within,
        reminders=tuple(each for each in policy.remind if isinstance(each, timedelta)),
    )
