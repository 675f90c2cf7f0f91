"""Alerts: what an execution told the people who look after it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from campanile.store.control_tables import alert
from campanile.store.database import Database
from campanile.store.execution_rows import Execution, lock_execution
from campanile.store.notices import write_notice
from campanile.store.statements import insert_missing


@dataclass(frozen=True)
class NewAlert:
    """An alert of an activity; committed with its outputs."""

    activity: str
    title: str
    message: str


@dataclass(frozen=True)
class Alert:
    """An alert that was raised; at most one of an activity in an execution."""

    id: int
    at: datetime
    campaign: str
    execution_id: int
    activity: str
    title: str
    message: str


class Alerts:
    """The alerts of all executions."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def raise_alert(self, execution_id: int, wanted: NewAlert) -> bool:
        """Raise an alert; False when the activity raised one in this execution before."""
        with self._database.write() as connection:
            owner = lock_execution(connection, execution_id)
            return raise_alert(connection, owner, wanted, self._clock())

    def newest(
        self, campaign: str | None = None, *, after_id: int = 0, limit: int = 100
    ) -> tuple[Alert, ...]:
        """Return alerts above `after_id`, the newest first."""
        query = select(alert).where(alert.c.id > after_id)
        if campaign is not None:
            query = query.where(alert.c.campaign == campaign)
        query = query.order_by(alert.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple(Alert(**row) for row in connection.execute(query).mappings())


def raise_alert(connection: Connection, owner: Execution, wanted: NewAlert, now: datetime) -> bool:
    """Raise an alert in the caller's transaction; False when there is one already."""
    row = {"at": now, "campaign": owner.campaign, "execution_id": owner.id}
    content = {"activity": wanted.activity, "title": wanted.title, "message": wanted.message}
    is_new = insert_missing(connection, alert, {**row, **content})
    if is_new:
        what, title = wanted.activity, wanted.title
        write_notice(connection, "alert", owner.id, what, title, wanted.message, now)
    return is_new
