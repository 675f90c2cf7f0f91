"""Advances: from what is committed and open to what is armed, ready or finished."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from campanile.campaigns.questions import NewQuestion
from campanile.store.database import Database
from campanile.store.execution_rows import (
    Execution,
    lock_execution,
    move_execution,
    read_execution,
)
from campanile.store.gates import Gate, GateToArm, arm_gate, read_gates
from campanile.store.manifest_rows import ManifestRow, read_committed
from campanile.store.question_rows import ask
from campanile.store.segment_rows import Segment, make_ready, read_segments

_UNDER_WAY = ("ready", "requested", "started")


@dataclass(frozen=True)
class Standing:
    """Where an execution stands: all that decides about its next steps."""

    execution: Execution
    committed: Mapping[str, ManifestRow]  # by transition
    gates: Mapping[str, Gate]  # by activity
    segments: Mapping[str, Segment]  # by name


@dataclass(frozen=True)
class Steps:
    """What follows from a standing; naming again what is done already is harmless.

    `ready` maps the names of segments to their logical time.
    """

    arm: tuple[GateToArm, ...] = ()
    ask: Mapping[str, NewQuestion] = field(default_factory=dict)  # by the activity of the gate
    ready: Mapping[str, datetime] | None = None
    finished: bool = False


class Advances:
    """Moves executions on."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def standing(self, execution_id: int) -> Standing:
        """Return where an execution stands."""
        with self._database.read() as connection:
            return _standing(connection, read_execution(connection, execution_id))

    def advance(self, execution_id: int, decide: Callable[[Standing], Steps]) -> Execution:
        """Do what `decide` says about the present standing, in one transaction.

        `decide` must be pure and quick: it is called while the execution is locked. An execution
        that is final, held or queued is left alone; a paused one gets its gates and segments, and
        stays paused.
        """
        now = self._clock()
        with self._database.write() as connection:
            current = lock_execution(connection, execution_id)
            if current.is_final or current.status == "held" or current.started_at is None:
                return current
            steps = decide(_standing(connection, current))
            for each in steps.arm:
                if arm_gate(connection, execution_id, each, now) and each.activity in steps.ask:
                    ask(connection, current, steps.ask[each.activity], "campanile", now)
            for name, due_at in (steps.ready or {}).items():
                make_ready(connection, execution_id, name, due_at, now)
            return _settle(connection, current, steps.finished, now)


def _standing(connection: Connection, current: Execution) -> Standing:
    return Standing(
        execution=current,
        committed=read_committed(connection, current.id),
        gates={each.activity: each for each in read_gates(connection, current.id)},
        segments={each.name: each for each in read_segments(connection, current.id)},
    )


def _settle(connection: Connection, current: Execution, finished: bool, now: datetime) -> Execution:
    """Give the execution the status that its segments imply."""
    if finished:
        return move_execution(connection, current, "finished", None, now)
    if current.status == "paused":
        return current
    states = {each.state for each in read_segments(connection, current.id)}
    status = "running" if states & {*_UNDER_WAY, "failed", "held"} else "waiting"
    return move_execution(connection, current, status, None, now)
