"""Gates: what separates the segments of an execution, and when each opens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select, update

from campanile.errors import Refused
from campanile.store.audit import note
from campanile.store.campaign_tables import FINAL_STATUSES, execution, gate
from campanile.store.database import Database
from campanile.store.execution_rows import lock_execution
from campanile.store.statements import insert_missing

GateKind = Literal["wait", "delivery", "signal", "approval", "task"]
_ASLEEP = (*FINAL_STATUSES, "paused", "held")


@dataclass(frozen=True)
class Gate:
    """A wait with a due time, a delivery under way (it opens when final), or an answer.

    `when_due` is the outcome when the clock opens it, where that is not `due`; `signal` the name of
    what it waits for, and `signals` how often that came.
    """

    execution_id: int
    activity: str
    kind: str
    state: str  # armed or released
    armed_at: datetime
    due_at: datetime | None
    released_at: datetime | None
    released_by: str | None
    outcome: str | None
    when_due: str | None = None
    signal: str | None = None
    signals: int = 0


class Gates:
    """The gates of all executions."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def arm(
        self,
        execution_id: int,
        activity: str,
        kind: GateKind,
        due_at: datetime | None = None,
        *,
        when_due: str | None = None,
        signal: str | None = None,
    ) -> Gate:
        """Arm a gate; one that exists stays as it is, with its due time."""
        with self._database.write() as connection:
            lock_execution(connection, execution_id)
            wanted = GateToArm(activity, kind, due_at, when_due, signal)
            arm_gate(connection, execution_id, wanted, self._clock())
            return read_gate(connection, execution_id, activity)

    def release(self, execution_id: int, activity: str, *, by: str, outcome: str = "done") -> Gate:
        """Open a gate now; one that is open already stays as it was opened."""
        with self._database.write() as connection:
            lock_execution(connection, execution_id)
            current = read_gate(connection, execution_id, activity)
            if current.state == "armed":
                release_gate(connection, current, by, outcome, self._clock())
            return read_gate(connection, execution_id, activity)

    def waiting_for(self, campaign: str, signal: str | None = None) -> tuple[Gate, ...]:
        """Return the gates of a campaign that a signal opens, of executions that are awake."""
        query = (
            select(gate)
            .join(execution, execution.c.id == gate.c.execution_id)
            .where(execution.c.campaign == campaign, execution.c.status.not_in(_ASLEEP))
            .where(gate.c.state == "armed", gate.c.kind == "signal")
            .order_by(gate.c.execution_id, gate.c.activity)
        )
        if signal is not None:
            query = query.where(gate.c.signal == signal)
        with self._database.read() as connection:
            return tuple(Gate(**row) for row in connection.execute(query).mappings())

    def receive(self, waiting: Gate, *, by: str, opens: bool) -> bool:
        """Count a signal that came for a gate; False, and nothing changed, when it is open already.

        One that it does not open decides what the gate says when it is due.
        """
        now = self._clock()
        with self._database.write() as connection:
            owner = lock_execution(connection, waiting.execution_id)
            current = read_gate(connection, waiting.execution_id, waiting.activity)
            if current.state == "released" or owner.status in _ASLEEP:
                return False
            mine = (gate.c.execution_id == owner.id) & (gate.c.activity == waiting.activity)
            came = {"signals": gate.c.signals + 1, "when_due": "signalled"}
            connection.execute(update(gate).where(mine).values(**came))
            if opens:
                release_gate(connection, current, by, "signalled", now)
            target = f"execution:{owner.name}"
            activity, signal = waiting.activity, waiting.signal
            note(connection, now, by, "signal", target, activity=activity, signal=signal)
            return True

    def release_due(
        self, now: datetime, *, by: str = "clock", limit: int = 100
    ) -> tuple[Gate, ...]:
        """Open the waits that are due, the longest overdue first; return those this call opened."""
        return tuple(
            released
            for due in self.due(now, limit)
            if (released := self._release_if_armed(due, by, now)) is not None
        )

    def due(self, now: datetime, limit: int = 100) -> tuple[Gate, ...]:
        """Return the armed waits that are due, of executions that are neither final nor paused."""
        query = (
            select(gate)
            .join(execution, execution.c.id == gate.c.execution_id)
            .where(gate.c.state == "armed", gate.c.due_at <= now)
            .where(execution.c.status.not_in(_ASLEEP))
            .order_by(gate.c.due_at, gate.c.execution_id, gate.c.activity)
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(Gate(**row) for row in connection.execute(query).mappings())

    def get(self, execution_id: int, activity: str) -> Gate:
        """Return one gate; raises Refused when it was never armed."""
        with self._database.read() as connection:
            return read_gate(connection, execution_id, activity)

    def of_execution(self, execution_id: int) -> tuple[Gate, ...]:
        """Return the gates of an execution, by due time; those without one last."""
        with self._database.read() as connection:
            return read_gates(connection, execution_id)

    def armed_deliveries(self) -> tuple[Gate, ...]:
        """Return the deliveries under way, of executions that are neither final nor paused."""
        query = (
            select(gate)
            .join(execution, execution.c.id == gate.c.execution_id)
            .where(gate.c.state == "armed", gate.c.kind == "delivery")
            .where(execution.c.status.not_in(_ASLEEP))
            .order_by(gate.c.armed_at, gate.c.execution_id)
        )
        with self._database.read() as connection:
            return tuple(Gate(**row) for row in connection.execute(query).mappings())

    def _release_if_armed(self, due: Gate, by: str, now: datetime) -> Gate | None:
        with self._database.write() as connection:
            if lock_execution(connection, due.execution_id).status in _ASLEEP:
                return None
            current = read_gate(connection, due.execution_id, due.activity)
            if current.state == "released":
                return None
            release_gate(connection, current, by, current.when_due or "due", now)
            return read_gate(connection, due.execution_id, due.activity)


@dataclass(frozen=True)
class GateToArm:
    """A gate to arm; a wait has a due time, a delivery has none, what is answered may have one."""

    activity: str
    kind: GateKind
    due_at: datetime | None = None
    when_due: str | None = None
    signal: str | None = None


def arm_gate(connection: Connection, execution_id: int, wanted: GateToArm, now: datetime) -> bool:
    """Arm a gate of a locked execution; False when it exists."""
    if wanted.kind in ("wait", "delivery") and (wanted.kind == "wait") != (
        wanted.due_at is not None
    ):
        raise ValueError(f"gate '{wanted.activity}': a wait has a due time, a delivery has none")
    row = {"execution_id": execution_id, "state": "armed", "armed_at": now, **vars(wanted)}
    return insert_missing(connection, gate, row)


def read_gates(connection: Connection, execution_id: int) -> tuple[Gate, ...]:
    """Return the gates of an execution, by due time; those without one last."""
    query = select(gate).where(gate.c.execution_id == execution_id)
    rows = connection.execute(query.order_by(gate.c.due_at.nulls_last(), gate.c.activity))
    return tuple(Gate(**row) for row in rows.mappings())


def read_gate(connection: Connection, execution_id: int, activity: str) -> Gate:
    """Return one gate; raises Refused, with those there are, when it was never armed."""
    armed = read_gates(connection, execution_id)
    for each in armed:
        if each.activity == activity:
            return each
    raise Refused(
        f"execution {execution_id} has no gate '{activity}' yet; "
        f"it has: {', '.join(each.activity for each in armed) or 'none'}.",
        remedy="A gate is armed when the input of its activity is committed and reached.",
    )


def release_gate(
    connection: Connection, current: Gate, by: str, outcome: str, now: datetime
) -> None:
    """Open a gate of a locked execution; one that is open stays as it was opened."""
    mine = (gate.c.execution_id == current.execution_id) & (gate.c.activity == current.activity)
    opened = {"state": "released", "released_at": now, "released_by": by, "outcome": outcome}
    connection.execute(update(gate).where(mine, gate.c.state == "armed").values(**opened))
