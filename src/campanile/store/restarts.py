"""Restarts: an activity and all that follows it are computed anew, in the same execution."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete

from campanile.errors import Refused
from campanile.store.activity_errors import forget_errors
from campanile.store.audit import note
from campanile.store.campaign_tables import gate
from campanile.store.check_holds import forget_holds
from campanile.store.database import Database
from campanile.store.execution_rows import Execution, lock_execution, move_execution
from campanile.store.lives import wake_campaign
from campanile.store.manifests import supersede_rows
from campanile.store.pauses import forget_pauses
from campanile.store.question_rows import forget_questions
from campanile.store.segment_rows import Segment, change_segment, raise_attempt, read_segments


class Restarts:
    """Takes executions back."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def restart(
        self,
        execution_id: int,
        *,
        transitions: Sequence[str],
        segment: str,
        later_segments: Sequence[str],
        gates: Sequence[str],
        by: str,
        reason: str,
    ) -> Execution:
        """Supersede `transitions`, make `segment` ready for another attempt, take the rest back.

        `segment` keeps its pins; `later_segments` become ready anew, with new pins, when their
        gates (all of `gates` are removed) are armed and released again. The caller has made sure
        that no delivery downstream has planned messages. Raises Refused while an affected segment
        is under way, and for an execution that finished or was stopped.
        """
        now = self._clock()
        with self._database.write() as connection:
            wake_campaign(connection, execution_id, by, now)
            owner = lock_execution(connection, execution_id)
            affected = [
                each
                for each in read_segments(connection, execution_id)
                if each.name == segment or each.name in later_segments
            ]
            _require_idle(owner, affected)
            supersede_rows(connection, execution_id, transitions, now)
            for each in affected:
                _take_back(connection, each, each.name == segment, now)
            mine = (gate.c.execution_id == execution_id) & gate.c.activity.in_(gates)
            connection.execute(delete(gate).where(mine))
            forget_questions(connection, execution_id, gates)
            activities = [transition.partition(".")[0] for transition in transitions]
            for forget in (forget_holds, forget_errors, forget_pauses):
                forget(connection, execution_id, activities)
            moved = move_execution(connection, owner, "running", None, now)
            details = {"transitions": sorted(transitions), "segment": segment}
            target = f"execution:{owner.name}"
            note(connection, now, by, "restart", target, reason=reason, **details)
            return moved


def _take_back(connection: Connection, current: Segment, is_first: bool, now: datetime) -> None:
    if is_first:
        raise_attempt(connection, current, now, failures=0)
    else:
        change_segment(connection, current, state="superseded", reason="restarted further up")


def _require_idle(owner: Execution, affected: Sequence[Segment]) -> None:
    if owner.status in ("finished", "stopped", "held", "requested"):
        raise Refused(
            f"execution {owner.name} is {owner.status} and cannot be restarted.",
            remedy="Start a new execution.",
        )
    busy = [each for each in affected if each.state in ("requested", "started")]
    if busy:
        raise Refused(
            f"{busy[0].title} is under way in Dagster run {busy[0].run_id or '(requested)'}.",
            remedy="Pause the execution, let the run end, then restart.",
        )
