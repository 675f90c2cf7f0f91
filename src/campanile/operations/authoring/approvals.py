"""Approvals that a publication needs: what policies ask, and whether a version was approved."""

from collections.abc import Callable, Mapping

from campanile.campaigns.approval_policies import ApprovalPolicy
from campanile.campaigns.compiled import CompiledVersion
from campanile.errors import Refused
from campanile.operations.project import Project
from campanile.store.question_rows import Question
from campanile.store.review_rows import APPROVED

# How many people the first messages of a version would reach now; None where that cannot be told.
Count = Callable[[Project, str, int], int | None]


def require_approved(
    project: Project, compiled: CompiledVersion, version: int, count: Count | None
) -> None:
    """Raise Refused unless every policy that concerns a version has approved it.

    An approval for fewer people than are counted now, beyond what its policy tolerates, is void.
    Without `count` a policy about the number of people concerns every campaign.
    """
    name = compiled.campaign.name
    if not concerned(project, compiled, None):
        return
    rows = count(project, name, version) if count is not None else None
    given = {one.subject: one for one in project.store.reviews.of_version(name, version)}
    for each, policy in concerned(project, compiled, rows).items():
        _require(compiled, version, each, policy, given.get(each), rows)


def is_approved(project: Project, name: str, version: int) -> bool:
    """Whether nobody is asked any more, and the last word of every policy that asked was yes."""
    last = {one.subject: one for one in project.store.reviews.of_version(name, version)}
    return bool(last) and all(one.outcome == APPROVED for one in last.values())


def concerned(
    project: Project, compiled: CompiledVersion, rows: int | None
) -> Mapping[str, ApprovalPolicy]:
    """The policies that a version falls under; of a number that is not known, the strict ones."""
    return {
        name: policy
        for name, policy in project.foundation.project.approvals.items()
        if policy.concerns(compiled.campaign)
        and (policy.more_than is None or rows is None or rows > policy.more_than)
    }


def _require(
    compiled: CompiledVersion,
    version: int,
    name: str,
    policy: ApprovalPolicy,
    given: Question | None,
    rows: int | None,
) -> None:
    campaign = compiled.campaign.name
    what = f"version {version} of '{campaign}' needs the approval of {', '.join(policy.by)}"
    if given is None or given.outcome not in (APPROVED, None):
        said = f", and got '{given.outcome}' ({given.reason})" if given and given.outcome else ""
        raise Refused(
            f"{what} (policy '{name}'){said}.", remedy=f"`campanile submit {campaign}` asks them."
        )
    if given.outcome is None:
        raise Refused(
            f"{what} (policy '{name}'), and waits for {', '.join(given.waiting_for)}.",
            remedy=f"They answer with: campanile approve {campaign}",
        )
    if rows is not None and given.rows is not None and policy.is_outgrown(given.rows, rows):
        raise Refused(
            f"{what} (policy '{name}'): it was given for {given.rows:,} people, and {rows:,} would "
            f"be reached now; no more than {policy.may_grow} above are tolerated.",
            remedy=f"`campanile withdraw {campaign}`, then `campanile submit {campaign}`.",
        )
