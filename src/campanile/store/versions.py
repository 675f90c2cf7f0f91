"""Versions of many campaigns at once: what the clock asks at every tick, in one statement each."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_

from campanile.store.campaign_rows import CampaignRow, VersionRow
from campanile.store.campaign_tables import campaign, campaign_version, occurrence
from campanile.store.control_tables import audit
from campanile.store.database import Database

_BATCH = 250  # versions in a statement; a thousand of them together are tens of megabytes
VersionName = tuple[str, int]  # campaign and version


@dataclass(frozen=True)
class PublishedCampaign:
    """A campaign that may start executions, and from when on its slots are to be looked at."""

    row: CampaignRow
    version: int
    published_at: datetime
    last_slot: datetime | None  # the latest that was claimed, skipped, held or missed


class Versions:
    """The versions of all campaigns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def published(self) -> tuple[PublishedCampaign, ...]:
        """Return the campaigns that are scheduled or live, by name."""
        with self._database.read() as connection:
            rows = [dict(row) for row in connection.execute(_PUBLISHED).mappings()]
        return tuple(
            PublishedCampaign(
                published_at=row.pop("published_at") or row["changed_at"],
                last_slot=row.pop("last_slot"),
                version=row["published_version"],
                row=CampaignRow(**row),
            )
            for row in rows
        )

    def digests(self, wanted: Collection[VersionName]) -> dict[VersionName, str]:
        """Return the digest of each version there is."""
        columns = campaign_version.c.campaign, campaign_version.c.version, campaign_version.c.digest
        found = self._rows(select(*columns), wanted)
        return {(row["campaign"], row["version"]): row["digest"] for row in found}

    def rows(self, wanted: Collection[VersionName]) -> Iterator[VersionRow]:
        """Yield each version there is, whole; few of them are in memory at a time."""
        return (VersionRow(**row) for row in self._rows(select(campaign_version), wanted))

    def _rows(self, query: Select[Any], wanted: Collection[VersionName]) -> Iterator[Any]:
        name = tuple_(campaign_version.c.campaign, campaign_version.c.version)
        listed = sorted(set(wanted))
        for first in range(0, len(listed), _BATCH):
            with self._database.read() as connection:
                some = query.where(name.in_(listed[first : first + _BATCH]))
                found = connection.execute(some).mappings().all()
            yield from found


_published_at = (
    select(func.max(audit.c.at))
    .where(audit.c.object == "campaign:" + campaign.c.name, audit.c.action == "publish")
    .correlate(campaign)
    .scalar_subquery()
)
_last_slot = (
    select(func.max(occurrence.c.slot))
    .where(occurrence.c.campaign == campaign.c.name)
    .correlate(campaign)
    .scalar_subquery()
)
_PUBLISHED = (
    select(campaign, _published_at.label("published_at"), _last_slot.label("last_slot"))
    .where(campaign.c.status.in_(("scheduled", "live")), campaign.c.published_version.is_not(None))
    .order_by(campaign.c.name)
)
