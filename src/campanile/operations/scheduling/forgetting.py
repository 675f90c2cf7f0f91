"""Forgetting: what a query remembers longer than it was told to is deleted."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from campanile.activities.incremental_query import IncrementalQuery
from campanile.campaigns.definition import Campaign
from campanile.campaigns.former_names import names_of
from campanile.errors import Refused
from campanile.operations.authoring.known_versions import known_versions
from campanile.operations.project import Project

_LATE = timedelta(days=7)  # a segment may look back from an instant some days ago


def forget_lapsed(project: Project, now: datetime) -> int:
    """Delete the keys that no published query looks at any more; returns how many.

    Those of a campaign that is not published, or cannot be read, stay.
    """
    published = [(each.row.name, each.version) for each in project.store.versions.published()]
    known = known_versions(project, published)
    total = 0
    for name, version in published:
        try:
            campaign = known.get(name, version).campaign
        except Refused:
            continue
        for memory_campaign, activity, span in _spans(campaign):
            before = now - span - _LATE
            total += project.store.consumed.forget(memory_campaign, activity, before)
    return total


def _spans(campaign: Campaign) -> Iterator[tuple[str, str, timedelta]]:
    """(campaign, activity, how long) of every memory that ends, under all its names."""
    for name, config in campaign.activities.items():
        if isinstance(config, IncrementalQuery) and isinstance(config.remember, timedelta):
            yield from ((*pair, config.remember) for pair in names_of(campaign, name))
