"""Errors of activities: the last one of each, and those ignored, with how many in a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from campanile.store.audit import note
from campanile.store.campaign_tables import execution
from campanile.store.database import Database
from campanile.store.execution_rows import Execution, lock_execution, move_execution
from campanile.store.flow_tables import activity_error
from campanile.store.segment_rows import read_segment


@dataclass(frozen=True)
class ActivityError:
    """What went wrong with an activity at last; `retry` stands until it commits."""

    execution_id: int
    activity: str
    attempt: int
    reason: str
    policy: str  # retry or ignore
    at: datetime


@dataclass(frozen=True)
class IgnoredError:
    """An error that ends a branch only; committed with the branch's outputs.

    The `most`-th one in a row ends the execution (0: none does).
    """

    activity: str
    attempt: int
    reason: str
    most: int


class ActivityErrors:
    """The errors of all executions."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def record(
        self, execution_id: int, segment: str, attempt: int, activity: str, reason: str
    ) -> int | None:
        """Note what went wrong; return how often the segment failed before it, in a row.

        None, and nothing noted, where that is no error of the activity: the attempt is stale, or
        the execution was paused, held or ended meanwhile.
        """
        with self._database.write() as connection:
            owner = lock_execution(connection, execution_id)
            current = read_segment(connection, execution_id, segment)
            if owner.status != "running" or current.attempt != attempt:
                return None
            if current.state != "started":
                return None
            found = {"attempt": attempt, "reason": reason, "policy": "retry"}
            _write(connection, execution_id, activity, found, self._clock())
            return current.failures

    def of_execution(self, execution_id: int) -> tuple[ActivityError, ...]:
        """Return the errors of an execution, the first one first."""
        query = select(activity_error).where(activity_error.c.execution_id == execution_id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(activity_error.c.at)).mappings()
            return tuple(ActivityError(**row) for row in rows)

    def ignored_since(self, instant: datetime) -> tuple[tuple[str, str, ActivityError], ...]:
        """Return the ignored errors of live executions, with campaign and key of each."""
        query = (
            select(activity_error, execution.c.campaign, execution.c.key)
            .join(execution, execution.c.id == activity_error.c.execution_id)
            .where(activity_error.c.policy == "ignore", activity_error.c.at >= instant)
            .where(execution.c.mode == "live")
            .order_by(activity_error.c.at.desc())
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple((row.campaign, row.key, ActivityError(*row[:6])) for row in rows)


def ignore_error(
    connection: Connection, owner: Execution, ignored: IgnoredError, now: datetime
) -> None:
    """Note an ignored error of a locked execution, and end it where it is one too many."""
    found = {"attempt": ignored.attempt, "reason": ignored.reason, "policy": "ignore"}
    _write(connection, owner.id, ignored.activity, found, now)
    target = f"execution:{owner.name}"
    facts = {"activity": ignored.activity, "attempt": ignored.attempt}
    note(connection, now, "campanile", "ignore_error", target, reason=ignored.reason, **facts)
    if ignored.most and _in_a_row(connection, owner) >= ignored.most:
        reason = (
            f"{ignored.most} ignored errors in a row (`max_errors`), at last of activity"
            f" '{ignored.activity}': {ignored.reason}"
        )
        move_execution(connection, owner, "failed", reason, now, in_error=True)
        note(connection, now, "campanile", "failed", target, reason=reason)


def settle_errors(connection: Connection, execution_id: int, activity: str) -> None:
    """Forget the error of an activity that committed after all."""
    mine = (activity_error.c.execution_id == execution_id) & (activity_error.c.activity == activity)
    connection.execute(delete(activity_error).where(mine, activity_error.c.policy == "retry"))


def forget_errors(connection: Connection, execution_id: int, activities: Sequence[str]) -> None:
    """Drop the errors of activities that are computed anew."""
    named = activity_error.c.activity.in_(activities)
    mine = activity_error.c.execution_id == execution_id
    connection.execute(delete(activity_error).where(mine, named))


def _write(
    connection: Connection,
    execution_id: int,
    activity: str,
    found: dict[str, object],
    now: datetime,
) -> None:
    forget_errors(connection, execution_id, [activity])
    row = {"execution_id": execution_id, "activity": activity, "at": now, **found}
    connection.execute(insert(activity_error).values(**row))


def _in_a_row(connection: Connection, owner: Execution) -> int:
    """Ignored errors of the campaign since its last execution that finished without any."""
    same = (execution.c.campaign == owner.campaign, execution.c.mode == owner.mode)
    ignored = activity_error.c.policy == "ignore"
    with_errors = select(activity_error.c.execution_id).where(ignored)
    clean = select(func.max(execution.c.id)).where(
        *same, execution.c.status == "finished", execution.c.id.not_in(with_errors)
    )
    last_clean = connection.execute(clean).scalar_one() or 0
    query = (
        select(func.count())
        .select_from(
            activity_error.join(execution, execution.c.id == activity_error.c.execution_id)
        )
        .where(*same, ignored, execution.c.id > last_clean)
    )
    return int(connection.execute(query).scalar_one())
