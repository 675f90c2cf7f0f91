"""Notices: what people are told by mail; written with what they tell of, and sent once each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, func, select, update

from campanile.store.campaign_tables import execution
from campanile.store.database import Database
from campanile.store.flow_tables import notice, subscription
from campanile.store.question_tables import question
from campanile.store.statements import insert_missing

NoticeKind = Literal["alert", "paused", "failed", "held"]
QuestionNotice = Literal["asked", "reminder", "decided"]


@dataclass(frozen=True)
class Notice:
    """Something to tell; `told` are digests of the addresses that have it already."""

    id: int
    key: str
    at: datetime
    kind: str
    execution_id: int | None
    question_id: int | None
    campaign: str
    version: int
    execution_key: str | None
    title: str
    message: str
    told: Sequence[str]
    attempts: int


@dataclass(frozen=True)
class Subscription:
    """Somebody who is told of the alerts of a campaign; of all where it names none."""

    address: str
    campaign: str
    at: datetime
    by: str


class Notices:
    """What waits to be told, and who wants to know."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def waiting(self, now: datetime, limit: int = 20) -> tuple[Notice, ...]:
        """Return what is to be told now, the oldest first."""
        columns = [notice.c[name] for name in _OWN]
        of = [
            func.coalesce(execution.c[name], question.c[name]).label(name)
            for name in ("campaign", "version")
        ]
        asked_in = func.coalesce(notice.c.execution_id, question.c.execution_id)
        query = (
            select(*columns, *of, execution.c.key.label("execution_key"))
            .outerjoin(question, question.c.id == notice.c.question_id)
            .outerjoin(execution, execution.c.id == asked_in)
            .where(notice.c.state == "waiting", notice.c.not_before <= now)
            .order_by(notice.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(Notice(**row) for row in connection.execute(query).mappings())

    def take(self, notice_id: int, now: datetime, until: datetime) -> bool:
        """Take a notice to send it; nobody else does until then. False when somebody has."""
        mine = (notice.c.id == notice_id) & (notice.c.state == "waiting")
        taken = {"not_before": until, "attempts": notice.c.attempts + 1}
        with self._database.write() as connection:
            changed = update(notice).where(mine, notice.c.not_before <= now).values(**taken)
            return connection.execute(changed).rowcount == 1

    def put_off(self, now: datetime, until: datetime) -> None:
        """Let all that could be told now wait, for no fault of theirs: no attempt is counted."""
        mine = (notice.c.state == "waiting") & (notice.c.not_before <= now)
        with self._database.write() as connection:
            connection.execute(update(notice).where(mine).values(not_before=until))

    def note_told(self, notice_id: int, told: Sequence[str]) -> None:
        """Note who has it by now."""
        with self._database.write() as connection:
            mine = update(notice).where(notice.c.id == notice_id)
            connection.execute(mine.values(told=list(told)))

    def settle(
        self, notice_id: int, state: Literal["sent", "given_up"], reason: str | None = None
    ) -> None:
        """Note that nothing more is to be done about a notice."""
        with self._database.write() as connection:
            mine = update(notice).where(notice.c.id == notice_id)
            connection.execute(mine.values(state=state, reason=reason))

    def subscribe(self, address: str, campaign: str, *, by: str) -> bool:
        """Tell somebody of alerts from now on; False when that was so."""
        row = {"address": address, "campaign": campaign, "at": self._clock(), "by": by}
        with self._database.write() as connection:
            return insert_missing(connection, subscription, row)

    def unsubscribe(self, address: str, campaign: str) -> bool:
        """Tell somebody no more; False when nobody did."""
        mine = (subscription.c.address == address) & (subscription.c.campaign == campaign)
        with self._database.write() as connection:
            return connection.execute(delete(subscription).where(mine)).rowcount == 1

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return who is told of what."""
        query = select(subscription).order_by(subscription.c.campaign, subscription.c.address)
        with self._database.read() as connection:
            return tuple(Subscription(**row) for row in connection.execute(query).mappings())


_OWN = (
    *("id", "key", "at", "kind", "execution_id", "question_id"),
    *("title", "message", "told", "attempts"),
)


def write_notice(
    connection: Connection,
    kind: NoticeKind,
    execution_id: int,
    what: str,
    title: str,
    message: str,
    now: datetime,
) -> None:
    """Write what is to be told, in the caller's transaction; `what` tells it from others alike.

    The same thing is told once, however often it is written.
    """
    row = {"key": f"{kind}:{execution_id}:{what}", "kind": kind, "execution_id": execution_id}
    _write(connection, {**row, "title": title, "message": message}, now)


def write_question_notice(
    connection: Connection,
    kind: QuestionNotice,
    question_id: int,
    what: str,
    title: str,
    message: str,
    at: datetime,
) -> None:
    """Write what people are told of a question from an instant on, as `write_notice` does."""
    key = f"{kind}:question-{question_id}:{what}:{at.isoformat()}"
    row = {"key": key, "kind": kind, "question_id": question_id}
    _write(connection, {**row, "title": title, "message": message}, at)


def _write(connection: Connection, row: Mapping[str, object], at: datetime) -> None:
    fresh = {"at": at, "not_before": at, "state": "waiting", "told": [], "attempts": 0}
    insert_missing(connection, notice, {**row, **fresh})
