"""Steps of a campaign's life that a person takes: back to draft, closed, stopped, put away."""

from dataclasses import dataclass
from typing import Literal

from campanile.operations.authoring.calling_back import CalledBack, call_back
from campanile.operations.people.rights import require_for_campaign, requires_for_campaign
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.campaigns import CampaignRow
from campanile.store.execution_rows import Execution

PersonsStep = Literal["unpublish", "close", "stop", "archive", "delete"]


@dataclass(frozen=True)
class StepTaken:
    """A campaign after a step (as it was, when deleted), and the executions that ended by it."""

    campaign: CampaignRow
    before: str
    ended: tuple[Execution, ...]
    messages: CalledBack


@requires_for_campaign(Right.EDIT)
def take_step(
    project: Project, name: str, step: PersonsStep, *, actor: str, reason: str | None = None
) -> StepTaken:
    """Take a step; raises Refused with the reason and what is possible instead.

    Messages of executions that it ends and that have not left are called back. A deleted draft
    loses its versions, tests and working tables; its file stays.
    """
    if step != "delete":
        require_for_campaign(project, Right.PUBLISH, name)
    taken = project.store.lives.take(name, step, by=actor, reason=reason)
    if step == "delete":
        drop_tables(project, name)
    return StepTaken(taken.campaign, taken.before, taken.ended, call_back(project, taken.ended))


def drop_tables(project: Project, name: str) -> None:
    """Delete the working tables of a campaign that is no more."""
    folder = project.warehouse.work_directory(name, "any", "any").parents[1]
    project.warehouse.drop_below(folder)
