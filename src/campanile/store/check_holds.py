"""Check holds: an execution stands still because a check failed, until a person has decided."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from campanile.errors import Refused
from campanile.store.audit import note
from campanile.store.campaign_tables import check_hold
from campanile.store.database import Database
from campanile.store.execution_rows import Execution, lock_execution, move_execution
from campanile.store.segment_rows import raise_attempt, read_segments

_UNDER_WAY = ("ready", "requested", "started")


@dataclass(frozen=True)
class NewCheckHold:
    """What an activity's failed checks say; `results` is JSON, one entry for each check."""

    activity: str
    reason: str
    results: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class CheckHold:
    """Failed checks of one activity of an execution, and what was decided about them."""

    execution_id: int
    activity: str
    reason: str
    results: Sequence[Mapping[str, Any]]
    held_at: datetime
    decision: str | None  # approved or rejected; None while it is open
    decided_at: datetime | None
    decided_by: str | None
    decided_why: str | None


class CheckHolds:
    """The executions that checks hold."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def hold(self, execution_id: int, wanted: NewCheckHold) -> CheckHold:
        """Hold an execution before an activity acts; one that is held or decided stays so."""
        with self._database.write() as connection:
            owner = lock_execution(connection, execution_id)
            hold_execution(connection, owner, wanted, self._clock())
            found = {each.activity: each for each in read_holds(connection, execution_id)}
            return found[wanted.activity]

    def of_execution(self, execution_id: int) -> tuple[CheckHold, ...]:
        """Return the holds of an execution, decided ones included, the first one first."""
        with self._database.read() as connection:
            return read_holds(connection, execution_id)

    def approve(
        self, execution_id: int, *, by: str, reason: str, activity: str | None = None
    ) -> Execution:
        """Let an execution go on although checks failed: all of them, or those of `activity`.

        It goes on when none is left. A segment that ended because of it gets another attempt, with
        the same pins. Raises Refused when nothing is held, naming who decided before.
        """
        now = self._clock()
        with self._database.write() as connection:
            owner = lock_execution(connection, execution_id)
            chosen = _open_of(connection, owner, activity)
            _decide(connection, owner, chosen, "approved", by, reason, now)
            left = [one for one in read_holds(connection, owner.id) if one.decision is None]
            if owner.status != "held":
                return owner  # paused: it goes on when it is resumed
            if left:
                return move_execution(connection, owner, "held", left[0].reason, now)
            for each in read_segments(connection, owner.id):
                if each.state == "failed":
                    raise_attempt(connection, each, now, failures=0)
            states = {each.state for each in read_segments(connection, owner.id)}
            status = "running" if states & set(_UNDER_WAY) else "waiting"
            return move_execution(connection, owner, status, None, now)

    def reject(self, execution_id: int, *, by: str, reason: str) -> Execution:
        """End an execution because of its failed checks; raises Refused when nothing is held."""
        now = self._clock()
        with self._database.write() as connection:
            owner = lock_execution(connection, execution_id)
            _decide(connection, owner, _open_of(connection, owner), "rejected", by, reason, now)
            return move_execution(connection, owner, "stopped", f"rejected: {reason}", now)


def hold_execution(
    connection: Connection, owner: Execution, wanted: NewCheckHold, now: datetime
) -> None:
    """Hold a locked execution; a paused one is held when it is resumed."""
    known = {each.activity for each in read_holds(connection, owner.id)}
    if wanted.activity in known:
        return
    row = {"reason": wanted.reason, "results": list(wanted.results), "held_at": now}
    connection.execute(
        insert(check_hold).values(execution_id=owner.id, activity=wanted.activity, **row)
    )
    if owner.status == "running":
        move_execution(connection, owner, "held", wanted.reason, now)
    target = f"execution:{owner.name}"
    note(connection, now, "campanile", "hold", target, reason=wanted.reason, **_named(wanted))


def read_holds(connection: Connection, execution_id: int) -> tuple[CheckHold, ...]:
    """Return the holds of an execution, decided ones included, the first one first."""
    query = select(check_hold).where(check_hold.c.execution_id == execution_id)
    rows = connection.execute(query.order_by(check_hold.c.held_at, check_hold.c.activity))
    return tuple(CheckHold(**row) for row in rows.mappings())


def open_reason(connection: Connection, execution_id: int) -> str | None:
    """Return why checks hold an execution, None when none does."""
    found = (one.reason for one in read_holds(connection, execution_id) if one.decision is None)
    return next(found, None)


def forget_holds(connection: Connection, execution_id: int, activities: Sequence[str]) -> None:
    """Drop the holds of activities that are computed anew."""
    mine = (check_hold.c.execution_id == execution_id) & check_hold.c.activity.in_(activities)
    connection.execute(delete(check_hold).where(mine))


def _open_of(
    connection: Connection, owner: Execution, activity: str | None = None
) -> list[CheckHold]:
    found = read_holds(connection, owner.id)
    chosen = [one for one in found if activity in (None, one.activity)]
    still_open = [one for one in chosen if one.decision is None]
    if still_open and not owner.is_final:
        return still_open
    if not chosen:
        what = f"no failed check of '{activity}'" if activity else "no failed check"
        raise Refused(
            f"{what} holds execution {owner.name}, which is {owner.status}.",
            remedy=f"See: campanile executions {owner.campaign}",
        )
    last = chosen[-1]
    if last.decision is None:
        raise Refused(f"execution {owner.name} is {owner.status}: nothing is left to decide.")
    raise Refused(
        f"the checks of '{last.activity}' in execution {owner.name} were {last.decision} already, "
        f"by {last.decided_by} at {last.decided_at:%Y-%m-%d %H:%M} UTC."
    )


def _decide(
    connection: Connection,
    owner: Execution,
    chosen: Sequence[CheckHold],
    decision: str,
    by: str,
    reason: str,
    now: datetime,
) -> None:
    decided = {
        "decision": decision, "decided_at": now, "decided_by": by, "decided_why": reason
    }  # fmt: skip
    for one in chosen:
        mine = (check_hold.c.execution_id == owner.id) & (check_hold.c.activity == one.activity)
        connection.execute(update(check_hold).where(mine).values(**decided))
        action = "approve" if decision == "approved" else "reject"
        details = {"version": owner.version, "held": one.reason, **_named(one)}
        note(connection, now, by, action, f"execution:{owner.name}", reason=reason, **details)


def _named(one: CheckHold | NewCheckHold) -> dict[str, Any]:
    return {"activity": one.activity}
