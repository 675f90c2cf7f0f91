"""Campaigns as rows: read, locked and checked within a transaction of the caller."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from campanile.campaigns.life import CampaignStatus
from campanile.errors import Refused
from campanile.store.campaign_tables import campaign


@dataclass(frozen=True)
class CampaignRow:
    """A campaign as the inventory shows it."""

    name: str
    label: str
    status: CampaignStatus
    published_version: int | None
    latest_version: int
    warning: str | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class VersionRow:
    """An immutable version: the file as written, and what it was compiled to."""

    campaign: str
    version: int
    source: str
    compiled: Mapping[str, Any]
    language_version: int
    digest: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class SavedVersion:
    """What apply did: the version, and whether it is new."""

    version: int
    created: bool


def lock_campaign(connection: Connection, name: str) -> CampaignRow:
    """Return the campaign and keep every other writer of it waiting until the commit."""
    return read_campaign(connection, name, lock=True)


def read_campaign(connection: Connection, name: str, *, lock: bool = False) -> CampaignRow:
    """Return one campaign; raises Refused when there is none of that name."""
    query = select(campaign).where(campaign.c.name == name)
    row = (
        connection.execute(query.with_for_update(key_share=True) if lock else query)
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise Refused(
            f"there is no campaign '{name}'.",
            remedy="`campanile campaigns` lists those there are; `campanile apply` adds one.",
        )
    return CampaignRow(**row)


def require_version(connection: Connection, name: str, version: int) -> None:
    """Raise Refused, with the versions there are, unless the campaign has this one."""
    latest = read_campaign(connection, name).latest_version
    if not 1 <= version <= latest:
        raise Refused(
            f"campaign '{name}' has no version {version}; it has versions 1 to {latest}.",
            remedy="`campanile apply` makes a version of a file.",
        )
