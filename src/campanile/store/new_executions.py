"""How an execution comes to be: its key, its first segment, and what it does to its campaign."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import Connection, insert, select, update

from campanile.campaigns.execution_life import ExecutionKind, ExecutionStatus, Mode
from campanile.campaigns.life import follow
from campanile.store.audit import note
from campanile.store.campaign_rows import CampaignRow, require_version
from campanile.store.campaign_tables import FINAL_STATUSES, campaign, execution
from campanile.store.execution_rows import Execution, read_execution, tell_of_trouble
from campanile.store.segment_rows import START, make_ready


@dataclass(frozen=True)
class NewExecution:
    """What is asked for; `slot` is the occurrence of a schedule, `due_at` the logical start.

    `simulation` is what a test is told, as JSON.
    """

    campaign: str
    version: int
    kind: ExecutionKind
    mode: Mode
    requested_by: str
    due_at: datetime
    slot: datetime | None = None
    parameters: Mapping[str, Any] | None = None
    simulation: Mapping[str, Any] | None = None


def create_execution(
    connection: Connection,
    owner: CampaignRow,
    wanted: NewExecution,
    now: datetime,
    *,
    status: ExecutionStatus = "requested",
    reason: str | None = None,
) -> Execution:
    """Add an execution of the locked campaign `owner`; its first segment is ready if requested."""
    require_version(connection, wanted.campaign, wanted.version)
    if wanted.mode == "live":
        _enter_live(connection, owner, now)
    row = {
        "campaign": wanted.campaign,
        "version": wanted.version,
        "key": _allot_key(connection, wanted, now),
        "kind": wanted.kind,
        "mode": wanted.mode,
        "status": status,
        "reason": reason,
        "parameters": dict(wanted.parameters or {}),
        "simulation": dict(wanted.simulation) if wanted.simulation is not None else None,
        "slot": wanted.slot,
        "due_at": wanted.due_at,
        "requested_at": now,
        "requested_by": wanted.requested_by,
    }
    inserted = connection.execute(insert(execution).values(**row)).inserted_primary_key
    assert inserted is not None
    created = read_execution(connection, inserted[0])
    if status == "requested":
        make_ready(connection, created.id, START, wanted.due_at, now)
    tell_of_trouble(connection, created, status, reason, now, in_error=False)
    details = {"kind": wanted.kind, "version": wanted.version, "status": status}
    target = f"execution:{created.name}"
    note(connection, now, wanted.requested_by, "start", target, reason=reason, **details)
    return created


def open_before(connection: Connection, campaign: str, before_id: int | None = None) -> str | None:
    """Return the key of the oldest open live execution (older than `before_id`), if any.

    One that is held as too late has not begun and waits for a person: it stops nobody.
    """
    query = select(execution.c.key).where(
        execution.c.campaign == campaign,
        execution.c.mode == "live",
        execution.c.status.not_in((*FINAL_STATUSES, "held")),
    )
    if before_id is not None:
        query = query.where(execution.c.id < before_id)
    return connection.execute(query.order_by(execution.c.id).limit(1)).scalar_one_or_none()


def _allot_key(connection: Connection, wanted: NewExecution, now: datetime) -> str:
    """Return a key no execution of the campaign has; keys of one campaign sort by time."""
    if wanted.slot is not None and wanted.mode == "live":
        base = f"{wanted.slot:%Y-%m-%dT%H-%M}"
    else:
        base = f"{wanted.kind}-{now:%Y-%m-%dT%H-%M-%S}"
    query = select(execution.c.key).where(
        execution.c.campaign == wanted.campaign, execution.c.key.startswith(base, autoescape=True)
    )
    taken = set(connection.execute(query).scalars())
    if base not in taken:
        return base
    return next(key for n in count(2) if (key := f"{base}-{n}") not in taken)


def _enter_live(connection: Connection, owner: CampaignRow, now: datetime) -> None:
    status = follow(owner.name, owner.status, "start")
    if status != owner.status:
        changed = update(campaign).where(campaign.c.name == owner.name)
        connection.execute(changed.values(status=status, changed_at=now))
        details = {"from": owner.status, "to": status}
        note(connection, now, "campanile", "start", f"campaign:{owner.name}", **details)
