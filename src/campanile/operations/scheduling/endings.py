"""Endings that nobody asks for: campaigns with nothing left to do, and those archived long ago."""

from contextlib import suppress
from datetime import datetime, timedelta

from campanile.campaigns.schedules import is_over
from campanile.errors import CampanileError, Refused
from campanile.operations.authoring.steps import drop_tables
from campanile.operations.authoring.versions import get_version
from campanile.operations.project import Project
from campanile.store.campaigns import CampaignRow

SETTLED = timedelta(days=2)  # looked at once a day, so completed within three days
KEPT_ARCHIVED = timedelta(days=30)


def complete_idle(project: Project, now: datetime) -> list[str]:
    """Complete campaigns of which nothing was under way for two days, and nothing will be.

    One whose newest execution failed waits for a person; so does one whose schedule cannot be read.
    """
    sending = {one.campaign for one in project.store.deliveries.unfinished()}
    completed = []
    for row in project.store.lives.idle(now - SETTLED):
        with suppress(CampanileError):
            if row.name not in sending and _is_over(project, row, now):
                project.store.lives.take(row.name, "complete", by="clock")
                completed.append(row.name)
    return completed


def purge_archived(project: Project, now: datetime) -> list[str]:
    """Delete what was archived, and not changed since, thirty days ago; its file stays."""
    purged = []
    for row in project.store.lives.archived_before(now - KEPT_ARCHIVED):
        with suppress(Refused):
            project.store.lives.take(row.name, "purge", by="clock", reason="archived 30 days ago")
            drop_tables(project, row.name)
            purged.append(row.name)
    return purged


def _is_over(project: Project, row: CampaignRow, now: datetime) -> bool:
    if row.status == "closed":
        return True
    assert row.published_version is not None  # it is scheduled or live
    campaign = get_version(project, row.name, row.published_version).campaign
    return not campaign.model and is_over(campaign.schedule, now, campaign.parameter_values({}))
