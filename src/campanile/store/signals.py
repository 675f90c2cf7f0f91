"""Signals: each starts one execution, unless it comes too soon or while another is open."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from campanile.store.campaign_rows import lock_campaign
from campanile.store.campaign_tables import execution
from campanile.store.database import Database
from campanile.store.execution_rows import Execution
from campanile.store.new_executions import NewExecution, create_execution, open_before
from campanile.store.occurrences import Overlap


@dataclass(frozen=True)
class Answer:
    """What became of a signal: its execution, or why there is none and from when on it may be."""

    execution: Execution | None
    refusal: str = ""
    again_at: datetime | None = None


class Signals:
    """The signals of all campaigns."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def accept(self, wanted: NewExecution, *, overlap: Overlap, pause: timedelta | None) -> Answer:
        """Add the execution of a signal, in one transaction; of two at once, one is too soon."""
        now = self._clock()
        with self._database.write() as connection:
            owner = lock_campaign(connection, wanted.campaign)
            last = _last(connection, wanted.campaign)
            if pause is not None and last is not None and now < last + pause:
                return Answer(None, f"the last signal came at {last:%H:%M:%S} UTC", last + pause)
            earlier = open_before(connection, wanted.campaign)
            if earlier is None or overlap == "allow":
                return Answer(create_execution(connection, owner, wanted, now))
            if overlap == "skip":
                return Answer(None, f"execution {wanted.campaign}/{earlier} is still open")
            reason = f"queued behind execution {wanted.campaign}/{earlier}"
            queued = create_execution(
                connection, owner, wanted, now, status="waiting", reason=reason
            )
            return Answer(queued)


def _last(connection: Connection, campaign: str) -> datetime | None:
    query = select(func.max(execution.c.requested_at)).where(
        execution.c.campaign == campaign, execution.c.kind == "signal", execution.c.mode == "live"
    )
    found: datetime | None = connection.execute(query).scalar_one()
    return found
