"""Executions as rows: read, locked and moved within a transaction of the caller."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from campanile.campaigns.execution_life import require_move
from campanile.errors import Refused
from campanile.store.campaign_tables import FINAL_STATUSES, execution
from campanile.store.notices import write_notice


@dataclass(frozen=True)
class Execution:
    """One run of a campaign version through time; `key` is its partition key in Dagster."""

    id: int
    campaign: str
    version: int
    key: str
    kind: str
    mode: str  # live or test
    status: str
    reason: str | None
    parameters: Mapping[str, Any]
    slot: datetime | None
    due_at: datetime
    requested_at: datetime
    requested_by: str
    started_at: datetime | None
    finished_at: datetime | None
    in_error: bool  # paused or ended by an error, not by a person
    simulation: Mapping[str, Any] | None = None  # of a test: how far it goes, what it assumes

    @property
    def is_final(self) -> bool:
        """Whether nothing will happen to it by itself any more."""
        return self.status in FINAL_STATUSES

    @property
    def name(self) -> str:
        """How messages and the audit log call it: campaign/key."""
        return f"{self.campaign}/{self.key}"


def read_execution(connection: Connection, execution_id: int, *, lock: bool = False) -> Execution:
    """Return one execution; raises Refused when it does not exist."""
    query = select(execution).where(execution.c.id == execution_id)
    locking = query.with_for_update(key_share=True) if lock else query
    row = connection.execute(locking).mappings().one_or_none()
    if row is None:
        raise unknown_execution(str(execution_id))
    return Execution(**row)


def lock_execution(connection: Connection, execution_id: int) -> Execution:
    """Return the execution and keep every other writer of it waiting until the commit."""
    return read_execution(connection, execution_id, lock=True)


def move_execution(
    connection: Connection,
    current: Execution,
    status: str,
    reason: str | None,
    now: datetime,
    *,
    in_error: bool = False,
) -> Execution:
    """Give a locked execution another status; raises Refused where it may not follow."""
    if current.status == status and current.reason == reason:
        return current
    if current.status != status:
        require_move(current.name, current.status, status)
        tell_of_trouble(connection, current, status, reason, now, in_error=in_error)
    changed: dict[str, Any] = {"status": status, "reason": reason, "in_error": in_error}
    changed["finished_at"] = now if status in FINAL_STATUSES else None
    if status == "running" and current.started_at is None:
        changed["started_at"] = now
    connection.execute(update(execution).where(execution.c.id == current.id).values(**changed))
    return read_execution(connection, current.id)


def tell_of_trouble(
    connection: Connection,
    current: Execution,
    status: str,
    reason: str | None,
    now: datetime,
    *,
    in_error: bool,
) -> None:
    """Write the notice of a live execution that an error or a check keeps from going on."""
    what = {"paused": in_error, "failed": True, "held": True}
    if current.mode != "live" or not what.get(status, False):
        return
    title = f"Execution {current.name} is {status}"
    kind: Any = status
    write_notice(connection, kind, current.id, now.isoformat(), title, reason or "", now)


def reopen_execution(connection: Connection, current: Execution, reason: str) -> Execution:
    """Let a locked execution that was stopped wait to be resumed; no clock ever does that."""
    if current.status != "stopped":
        raise Refused(
            f"execution {current.name} is {current.status}, not stopped.",
            remedy="Only a stopped execution is reopened.",
        )
    changed = {"status": "paused", "reason": reason, "finished_at": None}
    connection.execute(update(execution).where(execution.c.id == current.id).values(**changed))
    return read_execution(connection, current.id)


def unknown_execution(name: str) -> Refused:
    """Return the error for an execution that is not in the store."""
    return Refused(
        f"there is no execution {name}.",
        remedy="`campanile executions NAME` lists those of a campaign.",
    )


def require_awake(owner: Execution) -> None:
    """Raise Refused for an execution of which nothing new may start."""
    if owner.is_final or owner.status in ("paused", "held"):
        why = f" ({owner.reason})" if owner.reason else ""
        raise Refused(
            f"execution {owner.name} is {owner.status}{why}.",
            remedy="Start a new execution." if owner.is_final else "Resume or release it first.",
        )
