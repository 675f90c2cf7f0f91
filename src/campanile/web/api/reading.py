"""What the API tells: the answers of reading operations, as the commands' `--json` gives them."""

from dataclasses import asdict, dataclass
from typing import Any

from campanile.operations.authoring.lives import find_execution
from campanile.operations.authoring.versions import version_row
from campanile.operations.feedback.reports import report
from campanile.operations.project import Project
from campanile.operations.rehearsing.plans import plan_campaigns
from campanile.operations.rehearsing.previews import looking, preview
from campanile.operations.watching.accounts import delivery_accounts
from campanile.operations.watching.campaign_lists import Wanted, list_campaigns
from campanile.operations.watching.inventory import campaign_sheet, list_executions
from campanile.web.api import inputs


@dataclass(frozen=True)
class Call:
    """One request to one operation: the project opened for whoever asks, and what was sent."""

    project: Project
    path: dict[str, str]
    sent: Any  # the query of a reading endpoint, the body of a changing one

    @property
    def name(self) -> str:
        """The campaign that is meant."""
        return self.path["name"]

    @property
    def actor(self) -> str:
        """Who asks, for the audit log."""
        return self.project.actor.name


def campaigns(call: Call) -> list[dict[str, Any]]:
    """List the campaigns, and what each waits for."""
    wish: inputs.Wish = call.sent
    wanted = Wanted(
        statuses=(wish.status,) if wish.status else (),
        tags=(wish.tag,) if wish.tag else (),
        search=wish.search,
    )
    return [asdict(one) for one in list_campaigns(call.project, wanted)]


def campaign(call: Call) -> dict[str, Any]:
    """Show one campaign: activities, versions, executions, next launches."""
    sheet = asdict(campaign_sheet(call.project, call.name))
    return {**sheet.pop("line"), **sheet}


def version(call: Call) -> dict[str, Any]:
    """Show one version as its author wrote it."""
    row = version_row(call.project, call.name, int(call.path["version"]))
    return {
        "campaign": row.campaign,
        "version": row.version,
        "source": row.source,
        "created_at": row.created_at,
        "created_by": row.created_by,
    }


def plan(call: Call) -> dict[str, Any]:
    """Show what apply and publish would change, counted on today's data; nothing is written."""
    return plan_campaigns(call.project, [call.name])[0].to_dict()


def executions(call: Call) -> list[dict[str, Any]]:
    """List the executions of a campaign, newest first."""
    return [asdict(one) for one in list_executions(call.project, call.name, call.sent.limit)]


def account(call: Call) -> list[dict[str, Any]]:
    """Show the account of every delivery of an execution."""
    execution = find_execution(call.project, call.name, call.path["execution"])
    return [one.to_dict() for one in delivery_accounts(call.project, execution)]


def look(call: Call) -> dict[str, Any]:
    """Show exact counts of every transition, and masked rows of one activity."""
    wish: inputs.Sample = call.sent
    with looking(call.project, call.name, wish.execution) as found:
        seen = preview(call.project, found, wish.activity, wish.rows)
    return {
        "campaign": call.name,
        "execution": found.execution,
        "version": found.version if found.execution else None,
        "transitions": [one.to_dict() for one in seen],
        "trouble": found.trouble or None,
    }


def reports(call: Call) -> dict[str, Any]:
    """Show what a campaign's messages led to, up to now."""
    return report(call.project, call.name, call.sent.execution).to_dict()
