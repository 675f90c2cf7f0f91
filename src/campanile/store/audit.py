"""The audit log: who changed what, when and why; written in the transaction of the change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, or_, select

from campanile.store.control_tables import audit
from campanile.store.database import Database


@dataclass(frozen=True)
class AuditEntry:
    """One change; `object` is a kind and a name, such as "execution:<campaign>/<key>"."""

    id: int
    at: datetime
    actor: str
    action: str
    object: str
    reason: str | None
    details: Mapping[str, Any]


def note(
    connection: Connection,
    at: datetime,
    actor: str,
    action: str,
    target: str,
    *,
    reason: str | None = None,
    **details: Any,
) -> None:
    """Write one entry within the caller's transaction; `details` must be JSON, without persons."""
    values = {"at": at, "actor": actor, "action": action, "object": target}
    connection.execute(insert(audit).values(**values, reason=reason, details=details))


class AuditLog:
    """Reads the log, and takes entries of changes made outside the control area."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def record(
        self, actor: str, action: str, target: str, *, reason: str | None = None, **details: Any
    ) -> None:
        """Write an entry of its own."""
        with self._database.write() as connection:
            note(connection, self._clock(), actor, action, target, reason=reason, **details)

    def entries(
        self, target: str | None = None, *, before_id: int | None = None, limit: int = 100
    ) -> tuple[AuditEntry, ...]:
        """Return the newest entries first; `before_id` continues where a page ended."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if target is not None:
            query = query.where(audit.c.object == target)
        if before_id is not None:
            query = query.where(audit.c.id < before_id)
        with self._database.read() as connection:
            return tuple(AuditEntry(**row) for row in connection.execute(query).mappings())

    def search(
        self,
        *,
        target: str | None = None,
        actor: str | None = None,
        actions: Sequence[str] = (),
        since: datetime | None = None,
        limit: int = 100,
    ) -> tuple[AuditEntry, ...]:
        """Return the newest entries first; a `target` without a kind is a campaign's name."""
        wanted = [
            *([] if target is None else [about(target)]),
            *([] if actor is None else [audit.c.actor == actor]),
            *([audit.c.action.in_(actions)] if actions else []),
            *([] if since is None else [audit.c.at >= since]),
        ]
        query = select(audit).where(*wanted).order_by(audit.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple(AuditEntry(**row) for row in connection.execute(query).mappings())


def about(target: str) -> ColumnElement[bool]:
    """Whether an entry is about an object, or about a campaign (by its name) or its executions."""
    if ":" in target or target == "project":
        return audit.c.object == target
    executions = audit.c.object.startswith(f"execution:{target}/", autoescape=True)
    return or_(audit.c.object == f"campaign:{target}", executions)
