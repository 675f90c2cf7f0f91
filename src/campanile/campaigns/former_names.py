"""Former names: what a renamed campaign or activity was called, and what it carries over."""

from collections.abc import Iterator

from campanile.campaigns.definition import Campaign
from campanile.campaigns.graph_check import GraphFault


def campaign_names(campaign: Campaign) -> tuple[str, ...]:
    """The names of a campaign, the present one first."""
    return (campaign.name, *campaign.renamed_from)


def names_of(campaign: Campaign, activity: str) -> tuple[tuple[str, str], ...]:
    """Every (campaign, activity) under which an activity has run, the present one first."""
    former = campaign.activities[activity].renamed_from if activity in campaign.activities else ()
    return tuple((name, each) for name in campaign_names(campaign) for each in (activity, *former))


def check_former_names(campaign: Campaign) -> Iterator[GraphFault]:
    """Refuse former names that somebody bears now, or that two claim."""
    if campaign.name in campaign.renamed_from:
        message = f"the campaign is called `{campaign.name}` now; that is no former name."
        yield GraphFault(("renamed_from",), message, code="renamed")
    claimed: dict[str, str] = {}
    for name, config in campaign.activities.items():
        path = ("activities", name, "renamed_from")
        for former in config.renamed_from:
            if former in campaign.activities:
                message = f"`{former}` is an activity of the campaign now."
                remedy = "Its memory and reports are its own: take it out of `renamed_from`."
                yield GraphFault(path, message, remedy, "renamed")
            elif former in claimed:
                message = f"`{claimed[former]}` was called `{former}` already."
                yield GraphFault(path, message, "One of the two carries it over.", "renamed")
            claimed.setdefault(former, name)
