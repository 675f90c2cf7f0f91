"""Executions: created with a key, paused, resumed, stopped, and asked what they wait for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from campanile.errors import Refused
from campanile.store.audit import note
from campanile.store.campaign_rows import lock_campaign
from campanile.store.campaign_tables import FINAL_STATUSES, execution
from campanile.store.check_holds import open_reason
from campanile.store.database import Database
from campanile.store.execution_rows import (
    Execution,
    lock_execution,
    move_execution,
    unknown_execution,
)
from campanile.store.gates import Gate, read_gates
from campanile.store.new_executions import NewExecution, create_execution, open_before
from campanile.store.pauses import pass_pauses
from campanile.store.segment_rows import START, Segment, make_ready, raise_attempt, read_segments

_UNDER_WAY = ("ready", "requested", "started")


@dataclass(frozen=True)
class Waits:
    """What an execution waits for; `sentence` says it to a person."""

    execution: Execution
    gates: tuple[Gate, ...]  # armed, the first due first
    segments: tuple[Segment, ...]  # neither succeeded nor superseded

    @property
    def sentence(self) -> str:
        """One sentence: what it waits for, and until when."""
        now = self.execution
        if now.is_final or now.status in ("paused", "held"):
            return f"{now.status}: {now.reason}" if now.reason else now.status
        for each in self.segments:
            why = f": {each.reason}" if each.reason else ""
            return f"segment '{each.name}' is {each.state}{why} (attempt {each.attempt})"
        for gate in self.gates:
            until = f" until {gate.due_at:%Y-%m-%d %H:%M} UTC" if gate.due_at else ""
            return f"waits for {gate.kind} '{gate.activity}'{until}"
        return now.reason or f"{now.status}: the next steps are being worked out"


class Executions:
    """The executions of all campaigns."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def create(self, wanted: NewExecution) -> Execution:
        """Add an execution and make its first segment ready.

        A test runs on any version; a live one needs a campaign that is scheduled or live, and makes
        a scheduled one live.
        """
        with self._database.write() as connection:
            owner = lock_campaign(connection, wanted.campaign)
            return create_execution(connection, owner, wanted, self._clock())

    def create_unless_open(self, wanted: NewExecution) -> Execution | None:
        """Add an execution unless one of its kind is open; then return None.

        For what a sensor starts (feedback): two sensors at once start one.
        """
        with self._database.write() as connection:
            owner = lock_campaign(connection, wanted.campaign)
            same = (execution.c.campaign == wanted.campaign, execution.c.kind == wanted.kind)
            is_open = select(execution.c.id).where(*same, execution.c.status.not_in(FINAL_STATUSES))
            if connection.execute(is_open.limit(1)).first() is not None:
                return None
            return create_execution(connection, owner, wanted, self._clock())

    def get(self, execution_id: int) -> Execution:
        """Return one execution; raises Refused when it does not exist."""
        with self._database.read() as connection:
            return _one(connection, execution.c.id == execution_id, str(execution_id))

    def find(self, campaign: str, key: str) -> Execution:
        """Return the execution of a partition key; raises Refused when it does not exist."""
        condition = (execution.c.campaign == campaign) & (execution.c.key == key)
        with self._database.read() as connection:
            return _one(connection, condition, f"{campaign}/{key}")

    def of_campaign(self, campaign: str, limit: int = 100) -> tuple[Execution, ...]:
        """Return the newest executions of a campaign first."""
        query = select(execution).where(execution.c.campaign == campaign)
        return self._many(query.order_by(execution.c.id.desc()).limit(limit))

    def numbers(self, campaigns: Sequence[str]) -> dict[str, int]:
        """Return how many executions these campaigns have; one without any is not listed."""
        query = select(execution.c.campaign, func.count()).group_by(execution.c.campaign)
        query = query.where(execution.c.campaign.in_(campaigns))
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def open_executions(self, campaign: str | None = None) -> tuple[Execution, ...]:
        """Return the executions that are not final, the oldest first."""
        query = select(execution).where(execution.c.status.not_in(FINAL_STATUSES))
        if campaign is not None:
            query = query.where(execution.c.campaign == campaign)
        return self._many(query.order_by(execution.c.id))

    def waits_for(self, execution_id: int) -> Waits:
        """Return what an execution waits for."""
        with self._database.read() as connection:
            current = _one(connection, execution.c.id == execution_id, str(execution_id))
            gates = [g for g in read_gates(connection, execution_id) if g.state == "armed"]
            done = ("succeeded", "superseded")
            segments = [s for s in read_segments(connection, execution_id) if s.state not in done]
        return Waits(current, tuple(gates), tuple(segments))

    def pause(
        self, execution_id: int, *, by: str, reason: str, in_error: bool = False
    ) -> Execution:
        """Start nothing new of it; what is under way goes on to its end."""
        return self._move(execution_id, "paused", by=by, reason=reason, in_error=in_error)

    def stop(self, execution_id: int, *, by: str, reason: str) -> Execution:
        """End it for good; what is committed stays, nothing more will be."""
        return self._move(execution_id, "stopped", by=by, reason=reason)

    def fail(self, execution_id: int, *, by: str, reason: str) -> Execution:
        """End it because its definition says so (`when_empty: fail`)."""
        return self._move(execution_id, "failed", by=by, reason=reason, in_error=True)

    def resume(self, execution_id: int, *, by: str, reason: str | None = None) -> Execution:
        """Go on with a paused execution; segments that failed become ready for another attempt."""
        now = self._clock()
        with self._database.write() as connection:
            current = lock_execution(connection, execution_id)
            if current.status != "paused":
                raise Refused(
                    f"execution {current.name} is {current.status}, not paused.",
                    remedy="Only a paused execution can be resumed.",
                )
            pass_pauses(connection, execution_id, now)
            for each in read_segments(connection, execution_id):
                if each.state == "failed":
                    raise_attempt(connection, each, now, failures=0)
            held = open_reason(connection, execution_id)
            status = "held" if held else _status_by_segments(connection, current)
            moved = move_execution(connection, current, status, held, now)
            note(connection, now, by, "resume", f"execution:{current.name}", reason=reason)
            return moved

    def release_held(self, execution_id: int, *, by: str, reason: str | None = None) -> Execution:
        """Let a late execution start after all, with the logical time it was due at."""
        now = self._clock()
        with self._database.write() as connection:
            current = lock_execution(connection, execution_id)
            _require_held(current)
            make_ready(connection, execution_id, START, current.due_at, now)
            moved = move_execution(connection, current, "requested", None, now)
            note(connection, now, by, "release", f"execution:{current.name}", reason=reason)
            return moved

    def skip_held(self, execution_id: int, *, by: str, reason: str | None = None) -> Execution:
        """Drop a late execution."""
        now = self._clock()
        with self._database.write() as connection:
            current = lock_execution(connection, execution_id)
            _require_held(current)
            moved = move_execution(connection, current, "stopped", reason or "skipped", now)
            note(connection, now, by, "skip", f"execution:{current.name}", reason=reason)
            return moved

    def release_queued(self) -> tuple[Execution, ...]:
        """Start, of each campaign, the oldest queued execution once nothing is before it."""
        now = self._clock()
        released = []
        for waiting in self._queued():
            with self._database.write() as connection:
                lock_campaign(connection, waiting.campaign)
                current = lock_execution(connection, waiting.id)
                if current.status != "waiting" or open_before(
                    connection, current.campaign, current.id
                ):
                    continue
                make_ready(connection, current.id, START, current.due_at, now)
                released.append(move_execution(connection, current, "requested", None, now))
        return tuple(released)

    def _queued(self) -> tuple[Execution, ...]:
        waiting = select(execution).where(
            execution.c.status == "waiting", execution.c.started_at.is_(None)
        )
        return self._many(waiting.order_by(execution.c.id))

    def _move(
        self, execution_id: int, status: str, *, by: str, reason: str, in_error: bool = False
    ) -> Execution:
        now = self._clock()
        with self._database.write() as connection:
            current = lock_execution(connection, execution_id)
            moved = move_execution(connection, current, status, reason, now, in_error=in_error)
            if moved.status != current.status:
                note(connection, now, by, status, f"execution:{current.name}", reason=reason)
            return moved

    def _many(self, query: Any) -> tuple[Execution, ...]:
        with self._database.read() as connection:
            return tuple(Execution(**row) for row in connection.execute(query).mappings())


def _one(connection: Connection, condition: Any, name: str) -> Execution:
    row = connection.execute(select(execution).where(condition)).mappings().one_or_none()
    if row is None:
        raise unknown_execution(name)
    return Execution(**row)


def _status_by_segments(connection: Connection, current: Execution) -> str:
    if current.started_at is None and read_segments(connection, current.id):
        return "requested"
    states = {each.state for each in read_segments(connection, current.id)}
    return "running" if states & set(_UNDER_WAY) else "waiting"


def _require_held(current: Execution) -> None:
    if current.status != "held" or current.started_at is not None:
        raise Refused(
            f"execution {current.name} is {current.status}, not held as too late.",
            remedy="One that a check holds is approved or rejected.",
        )
