"""The lives of campaigns: every step from one status to the next is one transaction, audited."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from campanile.campaigns.life import CampaignStatus, Facts, Step, follow, possible, sources
from campanile.store.audit import note
from campanile.store.campaign_rows import CampaignRow, lock_campaign, read_campaign
from campanile.store.campaign_tables import FINAL_STATUSES, campaign, execution
from campanile.store.control_tables import consumed
from campanile.store.database import Database
from campanile.store.execution_rows import (
    Execution,
    lock_execution,
    move_execution,
    read_execution,
    reopen_execution,
)

_OPEN = execution.c.status.not_in(FINAL_STATUSES)
_LIVE = execution.c.mode == "live"
_NOT_BEGUN = execution.c.started_at.is_(None) & execution.c.status.in_(("waiting", "held"))
# Which executions a step ends, and what they are told.
_ENDS: Final[Mapping[Step, tuple[ColumnElement[bool], str]]] = {
    "unpublish": (_OPEN & _LIVE, "the campaign went back to draft"),
    "close": (_NOT_BEGUN & _LIVE, "the campaign was closed before it began"),
    "stop": (_OPEN, "the campaign was stopped"),
}


@dataclass(frozen=True)
class Taken:
    """A step that was taken: the campaign after it (as it was, when deleted), and whom it ended."""

    campaign: CampaignRow
    before: CampaignStatus
    ended: tuple[Execution, ...]


class Lives:
    """Moves campaigns on, as `campaigns.life` allows."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def take(self, name: str, step: Step, *, by: str, reason: str | None = None) -> Taken:
        """Take a step of a campaign's life; raises Refused with the reason and what is possible.

        Going back to draft takes the published version away; what is deleted goes with its
        executions and its memory. Publishing and starting need more: see `Campaigns`.
        """
        now = self._clock()
        with self._database.write() as connection:
            current = lock_campaign(connection, name)
            status = follow(name, current.status, step, read_facts(connection, name))
            ended = _end_executions(connection, name, step, by, reason, now)
            details = {"from": current.status, "to": status}
            note(connection, now, by, step, f"campaign:{name}", reason=reason, **details)
            if status == "deleted":
                connection.execute(delete(consumed).where(consumed.c.campaign == name))
                connection.execute(delete(campaign).where(campaign.c.name == name))
                return Taken(current, current.status, ended)
            changed: dict[str, Any] = {"status": status, "changed_at": now}
            if status == "draft":
                changed["published_version"] = None
            connection.execute(update(campaign).where(campaign.c.name == name).values(**changed))
            return Taken(read_campaign(connection, name), current.status, ended)

    def reopen(self, execution_id: int, *, by: str, reason: str | None) -> Execution:
        """Let a stopped execution wait for its resumption; its stopped campaign becomes closed."""
        now = self._clock()
        with self._database.write() as connection:
            wake_campaign(connection, execution_id, by, now)
            stopped = lock_execution(connection, execution_id)
            moved = reopen_execution(connection, stopped, f"reopened by {by}")
            target = f"execution:{stopped.name}"
            note(connection, now, by, "reopen", target, reason=reason, was=stopped.reason)
            return moved

    def facts(self, name: str) -> Facts:
        """Return what decides about the next step, beside the status."""
        with self._database.read() as connection:
            return read_facts(connection, name)

    def possible(self, name: str) -> tuple[Step, ...]:
        """Return the steps that a person may take now."""
        with self._database.read() as connection:
            current = read_campaign(connection, name)
            return possible(current.status, read_facts(connection, name))

    def idle(self, since: datetime) -> tuple[CampaignRow, ...]:
        """Return published campaigns of which nothing has been under way since an instant.

        Whether anything will be is for their schedules to say.
        """
        mine = (execution.c.campaign == campaign.c.name) & _LIVE
        busy = or_(_OPEN, execution.c.finished_at > since)
        query = select(campaign).where(
            campaign.c.status.in_(sources("complete")),
            campaign.c.changed_at <= since,
            ~select(execution.c.id).where(mine, busy).exists(),
        )
        return self._many(query)

    def archived_before(self, instant: datetime) -> tuple[CampaignRow, ...]:
        """Return campaigns that were archived, and not changed since, before an instant."""
        old = (campaign.c.status == "archived") & (campaign.c.changed_at <= instant)
        return self._many(select(campaign).where(old))

    def troubled(self, name: str | None = None) -> tuple[Execution, ...]:
        """Return the live executions that somebody must look at, of all campaigns or of one.

        An error or a check keeps them waiting, or they failed and are their campaign's newest.
        """
        newest = select(func.max(execution.c.id)).where(_LIVE).group_by(execution.c.campaign)
        failed = (execution.c.status == "failed") & execution.c.id.in_(newest)
        paused = (execution.c.status == "paused") & execution.c.in_error
        query = select(execution).where(_LIVE, or_(failed, paused, execution.c.status == "held"))
        if name is not None:
            query = query.where(execution.c.campaign == name)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(execution.c.id)).mappings()
            return tuple(Execution(**row) for row in rows)

    def _many(self, query: Any) -> tuple[CampaignRow, ...]:
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(campaign.c.name)).mappings()
            return tuple(CampaignRow(**row) for row in rows)


def wake_campaign(connection: Connection, execution_id: int, by: str, now: datetime) -> None:
    """Move the campaign of a live execution that is over, and is to go on; it is locked first.

    Raises Refused where the campaign's status does not allow it.
    """
    wanted = read_execution(connection, execution_id)
    owner = lock_campaign(connection, wanted.campaign)
    if wanted.mode == "test" or not wanted.is_final:
        return
    status = follow(owner.name, owner.status, "resume")
    if status != owner.status:
        changed = update(campaign).where(campaign.c.name == owner.name)
        connection.execute(changed.values(status=status, changed_at=now))
        details = {"from": owner.status, "to": status}
        note(connection, now, by, "resume", f"campaign:{owner.name}", **details)


def read_facts(connection: Connection, name: str) -> Facts:
    """Return what decides about the next step, within a transaction; of failures the newest."""
    begun = execution.c.started_at.is_not(None)
    columns = execution.c.mode, execution.c.status, execution.c.in_error, begun.label("begun")
    query = select(*columns, func.count().label("number"), func.max(execution.c.id).label("newest"))
    rows = connection.execute(query.where(execution.c.campaign == name).group_by(*columns)).all()
    live = [row for row in rows if row.mode == "live"]
    newest = max((row.newest for row in live), default=0)
    in_error = [
        row
        for row in live
        if (row.status == "paused" and row.in_error)
        or (row.status == "held" and row.begun)  # by a check
        or (row.status == "failed" and row.newest == newest)
    ]
    return Facts(
        going=sum(r.number for r in live if r.status in ("requested", "running", "waiting")),
        resting=sum(r.number for r in live if r.status in ("paused", "held")),
        in_error=sum(1 if r.status == "failed" else r.number for r in in_error),
        finished=sum(r.number for r in live if r.status == "finished"),
        tests=sum(r.number for r in rows if r.mode == "test" and r.status not in FINAL_STATUSES),
    )


def _end_executions(
    connection: Connection, name: str, step: Step, by: str, reason: str | None, now: datetime
) -> tuple[Execution, ...]:
    if step not in _ENDS:
        return ()
    whom, told = _ENDS[step]
    query = select(execution.c.id).where(execution.c.campaign == name, whom)
    ended = []
    for execution_id in connection.execute(query.order_by(execution.c.id)).scalars().all():
        current = lock_execution(connection, execution_id)
        why = f"{told}: {reason}" if reason else told
        ended.append(move_execution(connection, current, "stopped", why, now))
        note(connection, now, by, "stopped", f"execution:{current.name}", reason=why)
    return tuple(ended)
