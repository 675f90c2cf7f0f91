"""Pauses that the author of a campaign wrote: before an activity, until somebody resumes."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from campanile.store.audit import note
from campanile.store.database import Database
from campanile.store.execution_rows import lock_execution, move_execution
from campanile.store.flow_tables import activity_pause
from campanile.store.statements import insert_missing


class Pauses:
    """The pauses of all executions."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def pause_before(self, execution_id: int, activity: str, reason: str) -> bool:
        """Pause an execution before an activity; False once it was resumed from there."""
        now = self._clock()
        row = {"execution_id": execution_id, "activity": activity, "paused_at": now}
        with self._database.write() as connection:
            owner = lock_execution(connection, execution_id)
            if not insert_missing(connection, activity_pause, row):
                return _is_open(connection, execution_id, activity)
            if owner.status == "running":
                move_execution(connection, owner, "paused", reason, now)
                note(
                    connection, now, "campanile", "paused", f"execution:{owner.name}", reason=reason
                )
            return True

    def pass_over(self, execution_id: int, activities: Sequence[str]) -> None:
        """Let an execution never pause before some activities: one that is only rehearsed."""
        now = self._clock()
        with self._database.write() as connection:
            lock_execution(connection, execution_id)
            for name in activities:
                row = {"execution_id": execution_id, "activity": name, "paused_at": now}
                insert_missing(connection, activity_pause, {**row, "passed_at": now})


def pass_pauses(connection: Connection, execution_id: int, now: datetime) -> None:
    """Let a locked execution that is resumed go past where it was paused."""
    open_ones = (activity_pause.c.execution_id == execution_id) & activity_pause.c.passed_at.is_(
        None
    )
    connection.execute(update(activity_pause).where(open_ones).values(passed_at=now))


def forget_pauses(connection: Connection, execution_id: int, activities: Sequence[str]) -> None:
    """Pause again before activities that are computed anew."""
    mine = activity_pause.c.execution_id == execution_id
    named = activity_pause.c.activity.in_(activities)
    connection.execute(delete(activity_pause).where(mine, named))


def _is_open(connection: Connection, execution_id: int, activity: str) -> bool:
    query = select(activity_pause.c.passed_at).where(
        activity_pause.c.execution_id == execution_id, activity_pause.c.activity == activity
    )
    return connection.execute(query).scalar_one() is None
