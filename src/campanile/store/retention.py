"""Retention: which executions are so long over that their tables may go, and what is named."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select, update

from campanile.store.campaign_tables import (
    FINAL_STATUSES,
    campaign_version,
    execution,
    manifest,
    segment,
)
from campanile.store.control_tables import audience_version, entity_version
from campanile.store.database import Database

_HAS_TABLES = (
    select(manifest.c.id)
    .where(manifest.c.execution_id == execution.c.id, manifest.c.path.is_not(None))
    .exists()
)
_SAYS_KEEP = (
    select(campaign_version.c.version)
    .where(
        campaign_version.c.campaign == execution.c.campaign,
        campaign_version.c.version == execution.c.version,
        campaign_version.c.source.like("%keep:%tables:%"),
    )
    .exists()
)


@dataclass(frozen=True)
class Outlived:
    """An execution that ended long ago and whose tables are still there."""

    id: int
    campaign: str
    key: str


@dataclass(frozen=True)
class Ended:
    """An execution that is over, of a campaign version that may say itself how long it is kept."""

    outlived: Outlived
    version: int
    finished_at: datetime


class Retention:
    """What outlived its time; the manifest rows, with counts and SQL, stay for good."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def outlived(self, finished_before: datetime, limit: int = 500) -> tuple[Outlived, ...]:
        """Return executions that ended before an instant and still have tables, oldest first.

        Those whose version may say itself how long they are kept are in `ended_with_keep`.
        """
        query = (
            select(execution.c.id, execution.c.campaign, execution.c.key)
            .where(execution.c.status.in_(FINAL_STATUSES), _HAS_TABLES, ~_SAYS_KEEP)
            .where(execution.c.finished_at < finished_before)
            .order_by(execution.c.finished_at)
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(Outlived(*row) for row in connection.execute(query))

    def named_paths(self) -> set[str]:
        """Return the path of every table that the store knows, of working tables and versions."""
        with self._database.read() as connection:
            paths = select(manifest.c.path).where(manifest.c.path.is_not(None))
            found = set(connection.execute(paths).scalars())
            for versions in (entity_version, audience_version):
                for listed in connection.execute(select(versions.c.paths)).scalars():
                    found.update(listed)
        return found

    def under_way(self) -> tuple[tuple[str, str], ...]:
        """Return (campaign, key) of executions whose files are not all named.

        A segment is running, or it is a test that has its tables: simulated messages lie beside.
        """
        running = (
            select(segment.c.name)
            .where(segment.c.execution_id == execution.c.id, segment.c.state == "started")
            .exists()
        )
        simulates = and_(execution.c.mode == "test", _HAS_TABLES)
        query = select(execution.c.campaign, execution.c.key).where(or_(running, simulates))
        with self._database.read() as connection:
            return tuple((row.campaign, row.key) for row in connection.execute(query))

    def ended_with_keep(self) -> tuple[Ended, ...]:
        """Return executions that are over and have tables, where the file has a word `keep`."""
        columns = (execution.c.id, execution.c.campaign, execution.c.key)
        query = (
            select(*columns, execution.c.version, execution.c.finished_at)
            .where(execution.c.status.in_(FINAL_STATUSES), _HAS_TABLES, _SAYS_KEEP)
            .order_by(execution.c.finished_at)
        )
        with self._database.read() as connection:
            return tuple(Ended(Outlived(*row[:3]), *row[3:]) for row in connection.execute(query))

    def forget_tables(self, execution_id: int) -> int:
        """Note that the files of an execution are gone; returns how many tables it had."""
        mine = (manifest.c.execution_id == execution_id) & manifest.c.path.is_not(None)
        with self._database.write() as connection:
            return connection.execute(update(manifest).where(mine).values(path=None)).rowcount
