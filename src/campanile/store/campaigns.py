"""Campaigns: their immutable versions, and which of them new executions run."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, union, update

from campanile.campaigns.life import follow
from campanile.store.audit import note
from campanile.store.campaign_rows import (
    CampaignRow,
    SavedVersion,
    VersionRow,
    lock_campaign,
    read_campaign,
    require_version,
)
from campanile.store.campaign_tables import FINAL_STATUSES, campaign, campaign_version, execution
from campanile.store.control_tables import audit
from campanile.store.database import Database
from campanile.store.execution_rows import Execution
from campanile.store.new_executions import NewExecution, create_execution
from campanile.store.review_rows import end_review
from campanile.store.statements import insert_missing

__all__ = ["CampaignRow", "Campaigns", "SavedVersion", "VersionRow"]


class Campaigns:
    """The campaigns of the project."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def save_version(
        self,
        name: str,
        *,
        label: str,
        source: str,
        compiled: Mapping[str, Any],
        language_version: int,
        digest: str,
        by: str,
    ) -> SavedVersion:
        """Keep a version; when the latest has the same `digest`, change nothing."""
        now = self._clock()
        content = {
            "source": source,
            "compiled": dict(compiled),
            "language_version": language_version,
            "digest": digest,
        }
        with self._database.write() as connection:
            insert_missing(connection, campaign, _new_campaign(name, label, now))
            current = lock_campaign(connection, name)
            if current.latest_version and digest == _digest(connection, current):
                return SavedVersion(current.latest_version, created=False)
            follow(name, current.status, "apply")
            number = current.latest_version + 1
            row = {"campaign": name, "version": number, "created_at": now, "created_by": by}
            connection.execute(insert(campaign_version).values(**row, **content))
            _change(connection, name, now, label=label, latest_version=number)
            end_review(connection, name, by, f"version {number} was applied", now)
            note(connection, now, by, "apply", f"campaign:{name}", version=number, digest=digest)
            return SavedVersion(number, created=True)

    def publish(
        self,
        name: str,
        version: int,
        *,
        by: str,
        reason: str | None = None,
    ) -> CampaignRow:
        """Make `version` the one that new executions run; executions under way keep theirs.

        A draft is scheduled then, and live from its first execution on.
        """
        now = self._clock()
        with self._database.write() as connection:
            return _publish(connection, name, version, by, reason, now)

    def publish_and_start(
        self, wanted: NewExecution, *, by: str, reason: str | None = None
    ) -> tuple[CampaignRow, Execution | None]:
        """Publish the version of an execution and add it, in one transaction.

        A version that had an execution of this kind before gets no second one (None): publishing
        again, or going back to an earlier version, writes to nobody twice.
        """
        now = self._clock()
        with self._database.write() as connection:
            name, version = wanted.campaign, wanted.version
            owner = _publish(connection, name, version, by, reason, now)
            if _has_started(connection, wanted):
                return owner, None
            created = create_execution(connection, owner, wanted, now)
            return read_campaign(connection, name), created

    def published_at(self, name: str) -> datetime | None:
        """Return when a version of the campaign was last published; None when none ever was."""
        query = select(func.max(audit.c.at)).where(
            audit.c.object == f"campaign:{name}", audit.c.action == "publish"
        )
        with self._database.read() as connection:
            found: datetime | None = connection.execute(query).scalar_one()
            return found

    def set_warning(self, name: str, warning: str | None) -> None:
        """Show `warning` beside the status, or take it away."""
        with self._database.write() as connection:
            _change(connection, name, self._clock(), warning=warning)

    def get(self, name: str) -> CampaignRow:
        """Return a campaign; raises Refused when there is none of that name."""
        with self._database.read() as connection:
            return read_campaign(connection, name)

    def inventory(self, statuses: Sequence[str] | None = None) -> tuple[CampaignRow, ...]:
        """Return all campaigns, or those in `statuses`, by name."""
        query = select(campaign).order_by(campaign.c.name)
        if statuses is not None:
            query = query.where(campaign.c.status.in_(statuses))
        with self._database.read() as connection:
            return tuple(CampaignRow(**row) for row in connection.execute(query).mappings())

    def version(self, name: str, version: int) -> VersionRow:
        """Return one version; raises Refused when there is none."""
        with self._database.read() as connection:
            require_version(connection, name, version)
            query = select(campaign_version).where(
                campaign_version.c.campaign == name, campaign_version.c.version == version
            )
            return VersionRow(**connection.execute(query).mappings().one())

    def live_versions(self) -> tuple[tuple[str, int], ...]:
        """Return (campaign, version) of all that must be served.

        That is the published version of each, and every version that an execution which is not
        final still runs on, so also versions (and asset keys) that a later publish took out.
        """
        published = select(campaign.c.name, campaign.c.published_version).where(
            campaign.c.published_version.is_not(None),
            campaign.c.status.in_(("scheduled", "live", "closed")),
        )
        needed = select(execution.c.campaign, execution.c.version).where(
            execution.c.status.not_in(FINAL_STATUSES)
        )
        with self._database.read() as connection:
            found = connection.execute(union(published, needed))
            return tuple(sorted((row[0], row[1]) for row in found))


def _new_campaign(name: str, label: str, now: datetime) -> dict[str, Any]:
    empty = {"status": "draft", "latest_version": 0}
    return {"name": name, "label": label, "created_at": now, "changed_at": now, **empty}


def _publish(
    connection: Connection,
    name: str,
    version: int,
    by: str,
    reason: str | None,
    now: datetime,
) -> CampaignRow:
    current = lock_campaign(connection, name)
    status = follow(name, current.status, "publish")
    require_version(connection, name, version)
    _change(connection, name, now, published_version=version, status=status, warning=None)
    note(connection, now, by, "publish", f"campaign:{name}", reason=reason, version=version)
    return lock_campaign(connection, name)


def _has_started(connection: Connection, wanted: NewExecution) -> bool:
    same = (
        execution.c.campaign == wanted.campaign,
        execution.c.version == wanted.version,
        execution.c.kind == wanted.kind,
    )
    return connection.execute(select(execution.c.id).where(*same).limit(1)).first() is not None


def _change(connection: Connection, name: str, now: datetime, **values: Any) -> None:
    statement = update(campaign).where(campaign.c.name == name)
    connection.execute(statement.values(changed_at=now, **values))


def _digest(connection: Connection, current: CampaignRow) -> str:
    query = select(campaign_version.c.digest).where(
        campaign_version.c.campaign == current.name,
        campaign_version.c.version == current.latest_version,
    )
    return str(connection.execute(query).scalar_one())
