"""Who is told of alerts by mail, beside the supervisors of each campaign."""

from collections.abc import Sequence

from campanile.content.headers import is_address
from campanile.errors import Refused
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.notices import Subscription


@requires(Right.VIEW)
def subscribe(project: Project, address: str, campaign: str | None = None) -> bool:
    """Tell an address of the alerts of a campaign, or of all; False when that was so already."""
    if not is_address(address):
        raise Refused("this is no e-mail address.", remedy="Write it as name@shop.example.")
    if campaign is not None:
        project.store.campaigns.get(campaign)
    return project.store.notices.subscribe(address, campaign or "", by=project.actor.name)


@requires(Right.VIEW)
def unsubscribe(project: Project, address: str, campaign: str | None = None) -> None:
    """Tell an address no more; raises Refused where it was not told."""
    if not project.store.notices.unsubscribe(address, campaign or ""):
        of = f"the alerts of '{campaign}'" if campaign else "all alerts"
        raise Refused(f"this address has not subscribed to {of}.",
                      remedy="`campanile alerts list` shows who has.")  # fmt: skip


@requires(Right.VIEW)
def subscriptions(project: Project) -> Sequence[Subscription]:
    """Everybody who subscribed."""
    return project.store.notices.subscriptions()
