"""Retention: which executions are so long over that their working tables may go."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from campanile.store.campaign_tables import FINAL_STATUSES, execution, manifest
from campanile.store.database import Database


@dataclass(frozen=True)
class Outlived:
    """An execution that ended long ago and whose tables are still there."""

    id: int
    campaign: str
    key: str


class Retention:
    """What outlived its time; the manifest rows, with counts and SQL, stay for good."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def outlived(self, finished_before: datetime, limit: int = 500) -> tuple[Outlived, ...]:
        """Return executions that ended before an instant and still have tables, oldest first."""
        has_tables = (
            select(manifest.c.id)
            .where(manifest.c.execution_id == execution.c.id, manifest.c.path.is_not(None))
            .exists()
        )
        query = (
            select(execution.c.id, execution.c.campaign, execution.c.key)
            .where(execution.c.status.in_(FINAL_STATUSES), has_tables)
            .where(execution.c.finished_at < finished_before)
            .order_by(execution.c.finished_at)
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(Outlived(*row) for row in connection.execute(query))

    def forget_tables(self, execution_id: int) -> int:
        """Note that the files of an execution are gone; returns how many tables it had."""
        mine = (manifest.c.execution_id == execution_id) & manifest.c.path.is_not(None)
        with self._database.write() as connection:
            return connection.execute(update(manifest).where(mine).values(path=None)).rowcount
