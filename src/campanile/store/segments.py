"""Segments: asked for, begun with pins written once, and tried again where a run failed."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, tuple_, update

from campanile.store.audit import note
from campanile.store.campaign_tables import FINAL_STATUSES, execution, segment
from campanile.store.database import Database
from campanile.store.execution_rows import (
    Execution,
    lock_execution,
    move_execution,
    require_awake,
)
from campanile.store.segment_rows import (
    MAX_FAILURES,
    Segment,
    change_segment,
    make_ready,
    pause_failing,
    raise_attempt,
    read_segment,
    read_segments,
    require_attempt,
    require_state,
    require_version,
    select_segments,
)

Attempt = tuple[int, str, int]  # execution, segment, attempt

_UNDER_WAY = ("ready", "requested", "started")
_ASLEEP = (*FINAL_STATUSES, "paused", "held")
_AT_ONCE = 500  # attempts in one statement


@dataclass(frozen=True)
class Begun:
    """What a run works with; `reused` means that the segment had succeeded before."""

    segment: Segment
    execution: Execution
    pins: Mapping[str, Any]
    reused: bool


class Segments:
    """The segments of all executions."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def ensure_ready(self, execution_id: int, name: str, due_at: datetime) -> bool:
        """Make a segment ready; False, and nothing changed, when it was made ready before."""
        with self._database.write() as connection:
            lock_execution(connection, execution_id)
            return make_ready(connection, execution_id, name, due_at, self._clock())

    def ready(self, limit: int = 200) -> tuple[Segment, ...]:
        """Return what may be asked for now, the longest due first.

        Ready segments of executions that are paused, held or final are not among them.
        """
        return self._in_states(("ready",), limit)

    def held(self, limit: int = 200) -> tuple[Segment, ...]:
        """Return the segments that the code location could not run, of executions under way."""
        return self._in_states(("held",), limit)

    def failed(self, limit: int = 50) -> tuple[Segment, ...]:
        """Return the segments that wait for another attempt, of executions under way."""
        return self._in_states(("failed",), limit)

    def requested_or_started(self) -> tuple[Segment, ...]:
        """Return the segments to compare with Dagster's runs, of final executions too."""
        query = select_segments().where(segment.c.state.in_(("requested", "started")))
        query = query.order_by(segment.c.requested_at, segment.c.execution_id)
        with self._database.read() as connection:
            return tuple(Segment(**row) for row in connection.execute(query).mappings())

    def of_execution(self, execution_id: int) -> tuple[Segment, ...]:
        """Return the segments of an execution in the order they became ready."""
        with self._database.read() as connection:
            return read_segments(connection, execution_id)

    def get(self, execution_id: int, name: str) -> Segment:
        """Return one segment; raises Refused when it never became ready."""
        with self._database.read() as connection:
            return read_segment(connection, execution_id, name)

    def request(self, attempts: Collection[Attempt]) -> None:
        """Note that Dagster is asked for runs of these attempts, all at once.

        What is not ready or held any more, or sleeps with its execution, stays as it is: its run
        finds that out when it begins.
        """
        mine = tuple_(segment.c.execution_id, segment.c.name, segment.c.attempt)
        awake = select(execution.c.id).where(execution.c.status.not_in(_ASLEEP))
        open_ones = (segment.c.state.in_(("ready", "held")), segment.c.execution_id.in_(awake))
        asked = {"state": "requested", "requested_at": self._clock(), "reason": None}
        listed = sorted(attempts)
        for first in range(0, len(listed), _AT_ONCE):
            some = mine.in_(listed[first : first + _AT_ONCE])
            with self._database.write() as connection:
                connection.execute(update(segment).where(some, *open_ones).values(asked))

    def ask_again(self, execution_id: int, name: str, attempt: int, *, reason: str) -> Segment:
        """Make a requested segment ready again, under the same run key.

        For requests that never became a run; where a run exists and failed, `fail` and `retry`.
        """
        with self._database.write() as connection:
            lock_execution(connection, execution_id)
            current = read_segment(connection, execution_id, name)
            if current.state == "requested" and current.attempt == attempt:
                change_segment(connection, current, state="ready", reason=reason)
            return read_segment(connection, execution_id, name)

    def begin(
        self,
        execution_id: int,
        name: str,
        *,
        attempt: int,
        version: int,
        run_id: str,
        make_pins: Callable[[], Mapping[str, Any]],
        takes_over: bool = False,
    ) -> Begun:
        """Start a segment in a run and return its pins.

        The first to begin writes them (`make_pins` is called outside any transaction); whoever
        comes later, a retry too, gets the same. A later run of one attempt joins; its end is the
        one that counts if it `takes_over` (the clock's own run, not a person's). Raises Refused for
        a stale attempt, another campaign version, or an execution that is paused, held or over.
        """
        with self._database.read() as connection:
            known = read_segment(connection, execution_id, name)
        require_attempt(known, attempt)
        require_version(known, version)
        offered = known.pins if known.pins is not None else dict(make_pins())
        with self._database.write() as connection:
            owner = lock_execution(connection, execution_id)
            current = read_segment(connection, execution_id, name)
            require_attempt(current, attempt)
            if current.state == "succeeded" and current.pins is not None:
                return Begun(current, owner, current.pins, reused=True)
            if takes_over and current.state == "started":
                change_segment(connection, current, run_id=run_id)
            return self._start(connection, owner, current, run_id, offered)

    def hand_back(self, execution_id: int, name: str, attempt: int, run_id: str) -> Segment:
        """Note that a run ended which did a part of the segment only; that is no failure.

        The attempt goes on: with the run that was asked for, or with one that the clock asks for.
        """
        with self._database.write() as connection:
            lock_execution(connection, execution_id)
            current = read_segment(connection, execution_id, name)
            same = (current.attempt, current.state, current.run_id)
            if same == (attempt, "started", run_id):
                state = "ready" if current.requested_at is None else "requested"
                change_segment(connection, current, state=state, run_id=None, started_at=None)
            return read_segment(connection, execution_id, name)

    def succeed(self, execution_id: int, name: str, attempt: int) -> Segment:
        """Note that a run did all of its segment."""
        with self._database.write() as connection:
            lock_execution(connection, execution_id)
            current = read_segment(connection, execution_id, name)
            require_attempt(current, attempt)
            if current.state == "succeeded":
                return current
            require_state(current, ("requested", "started"), "succeeded")
            done = {"state": "succeeded", "reason": None, "failures": 0}
            change_segment(connection, current, finished_at=self._clock(), **done)
            return read_segment(connection, execution_id, name)

    def fail(self, execution_id: int, name: str, attempt: int, *, reason: str) -> Segment:
        """Note that the run of this attempt failed or vanished; older attempts change nothing.

        The third consecutive failure pauses the execution until a person resumes it.
        """
        now = self._clock()
        with self._database.write() as connection:
            owner = lock_execution(connection, execution_id)
            current = read_segment(connection, execution_id, name)
            if current.attempt > attempt or current.state in ("failed", "succeeded", "superseded"):
                return current
            require_attempt(current, attempt)
            # While a check holds the execution its runs end; that is no failure of theirs.
            failures = current.failures + (owner.status != "held")
            failed = {"state": "failed", "reason": reason, "finished_at": now}
            change_segment(connection, current, failures=failures, **failed)
            if failures >= MAX_FAILURES:
                pause_failing(connection, owner, name, failures, reason, now)
            return read_segment(connection, execution_id, name)

    def retry(self, execution_id: int, name: str, *, by: str) -> Segment:
        """Make a failed segment ready for its next attempt."""
        now = self._clock()
        with self._database.write() as connection:
            owner = lock_execution(connection, execution_id)
            current = read_segment(connection, execution_id, name)
            require_state(current, ("failed",), "retried")
            require_awake(owner)
            raise_attempt(connection, current, now)
            details = {"segment": name, "attempt": current.attempt + 1}
            target = f"execution:{owner.name}"
            note(connection, now, by, "retry", target, reason=current.reason, **details)
            return read_segment(connection, execution_id, name)

    def hold(self, execution_id: int, name: str, *, reason: str) -> Segment:
        """Do not ask for a segment that the code location cannot run; say why."""
        return self._exchange(execution_id, name, ("ready", "held"), "held", reason)

    def release_held(self, execution_id: int, name: str) -> Segment:
        """Ask for a held segment again."""
        return self._exchange(execution_id, name, ("held", "ready"), "ready", None)

    def _exchange(
        self, execution_id: int, name: str, allowed: tuple[str, str], state: str, reason: str | None
    ) -> Segment:
        with self._database.write() as connection:
            lock_execution(connection, execution_id)
            current = read_segment(connection, execution_id, name)
            require_state(current, allowed, state)
            if (current.state, current.reason) == (state, reason):
                return current
            change_segment(connection, current, state=state, reason=reason)
            return read_segment(connection, execution_id, name)

    def _start(
        self,
        connection: Connection,
        owner: Execution,
        current: Segment,
        run_id: str,
        offered: Mapping[str, Any],
    ) -> Begun:
        now = self._clock()
        require_state(current, _UNDER_WAY, "begun")
        require_awake(owner)
        if current.pins is None:
            change_segment(connection, current, pins=dict(offered))
        if current.state != "started":
            started = {"state": "started", "run_id": run_id, "started_at": now, "reason": None}
            change_segment(connection, current, **started)
        running = move_execution(connection, owner, "running", None, now)
        begun = read_segment(connection, current.execution_id, current.name)
        assert begun.pins is not None
        return Begun(begun, running, begun.pins, reused=False)

    def _in_states(self, states: tuple[str, ...], limit: int) -> tuple[Segment, ...]:
        query = (
            select_segments()
            .where(segment.c.state.in_(states), execution.c.status.not_in(_ASLEEP))
            .order_by(segment.c.due_at, segment.c.execution_id, segment.c.name)
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(Segment(**row) for row in connection.execute(query).mappings())
