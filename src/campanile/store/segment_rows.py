"""Segments as rows: read, made ready and moved within a transaction of the caller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from campanile.errors import Refused
from campanile.store.audit import note
from campanile.store.campaign_tables import execution, segment
from campanile.store.execution_rows import Execution, move_execution

START = "start"  # the segment every execution begins with
MAX_FAILURES = 3  # consecutive; then the execution waits for a person


@dataclass(frozen=True)
class Segment:
    """A part of an execution that one Dagster run executes, with the execution it belongs to."""

    execution_id: int
    campaign: str
    version: int
    key: str  # of the execution
    mode: str
    name: str
    attempt: int
    failures: int  # consecutive, since the last resume
    state: str
    reason: str | None
    run_id: str | None
    due_at: datetime  # the logical now()
    pins: Mapping[str, Any] | None
    ready_at: datetime
    requested_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def run_key(self) -> str:
        """What Dagster knows the request of this attempt by; it never runs one key twice."""
        return f"{self.execution_id}:{self.name}:{self.attempt}"

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"segment '{self.name}' of execution {self.campaign}/{self.key}"


def select_segments() -> Select[Any]:
    """Return the query of segments with their executions; add conditions to it."""
    of_execution = (execution.c.campaign, execution.c.version, execution.c.key, execution.c.mode)
    return select(segment, *of_execution).join(execution, execution.c.id == segment.c.execution_id)


def read_segments(connection: Connection, execution_id: int) -> tuple[Segment, ...]:
    """Return the segments of one execution in the order they became ready."""
    query = select_segments().where(segment.c.execution_id == execution_id)
    rows = connection.execute(query.order_by(segment.c.ready_at, segment.c.name)).mappings()
    return tuple(Segment(**row) for row in rows)


def read_segment(connection: Connection, execution_id: int, name: str) -> Segment:
    """Return one segment; raises Refused, with those there are, when it does not exist."""
    found = read_segments(connection, execution_id)
    for each in found:
        if each.name == name:
            return each
    raise Refused(
        f"execution {execution_id} has no segment '{name}' yet; "
        f"it has: {', '.join(each.name for each in found) or 'none'}.",
        remedy="It becomes ready when its inputs are committed and its gates released.",
    )


def make_ready(
    connection: Connection, execution_id: int, name: str, due_at: datetime, now: datetime
) -> bool:
    """Add a ready segment, or ready a superseded one anew; False when it exists already."""
    existing = {each.name: each for each in read_segments(connection, execution_id)}
    if name not in existing:
        fresh = {"attempt": 1, "failures": 0, "state": "ready", "due_at": due_at, "ready_at": now}
        connection.execute(insert(segment).values(execution_id=execution_id, name=name, **fresh))
        return True
    if existing[name].state != "superseded":
        return False
    anew = {"due_at": due_at, "pins": None, "failures": 0}
    raise_attempt(connection, existing[name], now, **anew)
    return True


def raise_attempt(connection: Connection, current: Segment, now: datetime, **values: Any) -> None:
    """Make `current` ready for another attempt: the one statement that raises `attempt`."""
    blank = {"reason": None, "run_id": None, "requested_at": None, "started_at": None}
    changed = {**blank, "state": "ready", "ready_at": now, "finished_at": None, **values}
    change_segment(connection, current, attempt=current.attempt + 1, **changed)


def change_segment(connection: Connection, current: Segment, **values: Any) -> None:
    """Change the row of one segment."""
    mine = (segment.c.execution_id == current.execution_id) & (segment.c.name == current.name)
    connection.execute(update(segment).where(mine).values(**values))


def require_state(current: Segment, allowed: Sequence[str], doing: str) -> None:
    """Raise Refused unless `current` is in one of the `allowed` states."""
    if current.state not in allowed:
        why = f" ({current.reason})" if current.reason else ""
        raise Refused(
            f"{current.title}, attempt {current.attempt}, is {current.state}{why}; "
            f"it cannot be {doing}.",
            remedy=f"That needs one that is {' or '.join(allowed)}.",
        )


def require_attempt(current: Segment, attempt: int) -> None:
    """Raise Refused unless `attempt` is the present one."""
    if current.attempt != attempt:
        raise Refused(
            f"{current.title} is at attempt {current.attempt}; this run is of attempt {attempt}.",
            remedy="Nothing was changed; the run of the present attempt does the work.",
        )


def require_version(current: Segment, version: int) -> None:
    """Raise Refused unless `version` is the one its execution runs."""
    if current.version != version:
        raise Refused(
            f"{current.title} runs version {current.version} of the campaign; "
            f"this run has loaded version {version}.",
            remedy=f"Start the job campaign_{current.campaign}__v{current.version}.",
        )


def pause_failing(
    connection: Connection, owner: Execution, name: str, failures: int, reason: str, now: datetime
) -> None:
    """Let an execution wait for a person after too many failures of one segment."""
    if owner.is_final or owner.status == "paused":
        return
    why = f"segment '{name}' failed {failures} times, at last: {reason}"
    move_execution(connection, owner, "paused", why, now, in_error=True)
    note(connection, now, "campanile", "paused", f"execution:{owner.name}", reason=why)
