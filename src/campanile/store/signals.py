"""Signals: each starts one execution, unless it comes too soon or while another is open."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, select

from campanile.errors import Overtaken, Refused
from campanile.store.campaign_rows import lock_campaign
from campanile.store.campaign_tables import execution
from campanile.store.database import Database
from campanile.store.execution_rows import Execution, read_execution
from campanile.store.flow_tables import signal
from campanile.store.new_executions import NewExecution, create_execution, open_before
from campanile.store.occurrences import Overlap


@dataclass(frozen=True)
class SignalKey:
    """What tells a repeated signal from another one; `digest` is of what it says."""

    key: str
    digest: str


@dataclass(frozen=True)
class NewSignal:
    """A signal of a campaign's end; it starts one execution, in the transaction of the end.

    No signal of a campaign is lost: while an execution is open, it waits for its turn.
    """

    wanted: NewExecution
    sent_as: SignalKey
    overlap: Overlap


@dataclass(frozen=True)
class Answer:
    """What became of a signal: its execution, or why there is none and from when on it may be.

    `repeated`: the same signal had come before, and this is its execution.
    """

    execution: Execution | None
    refusal: str = ""
    again_at: datetime | None = None
    repeated: bool = False


class Signals:
    """The signals of all campaigns."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def accept(
        self,
        wanted: NewExecution,
        *,
        overlap: Overlap,
        pause: timedelta | None,
        sent_as: SignalKey | None = None,
    ) -> Answer:
        """Add the execution of a signal, in one transaction; of two at once, one is too soon.

        One that was sent before under the same key gives its execution again; raises Refused where
        it said something else then.
        """
        now = self._clock()
        with self._database.write() as connection:
            lock_campaign(connection, wanted.campaign)
            known = _sent_before(connection, wanted.campaign, sent_as)
            if known is not None:
                return Answer(known, repeated=True)
            last = _last(connection, wanted.campaign)
            if pause is not None and last is not None and now < last + pause:
                return Answer(None, f"the last signal came at {last:%H:%M:%S} UTC", last + pause)
            earlier = open_before(connection, wanted.campaign)
            if earlier is not None and overlap == "skip":
                return Answer(None, f"execution {wanted.campaign}/{earlier} is still open")
            return Answer(_start(connection, wanted, overlap, sent_as, now))


def send_on(connection: Connection, new: NewSignal, now: datetime) -> Execution:
    """Start what a campaign's end signals, in the caller's transaction; the same end once only.

    The caller has locked the campaign before any execution. Raises Overtaken when another version
    was published meanwhile, Refused when none is any more.
    """
    wanted = new.wanted
    known = _sent_before(connection, wanted.campaign, new.sent_as)
    if known is not None:
        return known
    owner = lock_campaign(connection, wanted.campaign)
    if owner.published_version is None:
        raise Refused(f"campaign '{wanted.campaign}' is {owner.status}.")
    if owner.published_version != wanted.version:
        raise Overtaken(f"campaign '{wanted.campaign}' has another version now.")
    return _start(connection, wanted, new.overlap, new.sent_as, now)


def _start(
    connection: Connection,
    wanted: NewExecution,
    overlap: Overlap,
    sent_as: SignalKey | None,
    now: datetime,
) -> Execution:
    owner = lock_campaign(connection, wanted.campaign)
    earlier = open_before(connection, wanted.campaign)
    if earlier is None or overlap == "allow":
        created = create_execution(connection, owner, wanted, now)
    else:
        reason = f"queued behind execution {wanted.campaign}/{earlier}"
        created = create_execution(connection, owner, wanted, now, status="waiting", reason=reason)
    if sent_as is not None:
        row = {"campaign": wanted.campaign, "key": sent_as.key, "digest": sent_as.digest}
        connection.execute(insert(signal).values(**row, execution_id=created.id, at=now))
    return created


def _sent_before(
    connection: Connection, campaign: str, sent_as: SignalKey | None
) -> Execution | None:
    if sent_as is None:
        return None
    mine = (signal.c.campaign == campaign) & (signal.c.key == sent_as.key)
    row = connection.execute(select(signal).where(mine)).one_or_none()
    if row is None:
        return None
    if row.digest != sent_as.digest:
        raise Refused(
            f"campaign '{campaign}' had a signal with this key before, and it said something else.",
            remedy="A further signal takes a key of its own.",
        )
    return read_execution(connection, row.execution_id)


def _last(connection: Connection, campaign: str) -> datetime | None:
    """When the last signal from outside came; what a campaign sends has a key of its own kind."""
    query = select(func.max(execution.c.requested_at)).where(
        execution.c.campaign == campaign,
        execution.c.kind == "signal",
        execution.c.mode == "live",
        execution.c.requested_by.not_like("campaign:%"),
    )
    found: datetime | None = connection.execute(query).scalar_one()
    return found
