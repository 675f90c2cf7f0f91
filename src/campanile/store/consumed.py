"""Consumed events and remembered keys: who was taken into a campaign already, and for what."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import and_, delete, exists, func, or_, select, tuple_

from campanile.store.campaign_tables import FINAL_STATUSES, execution, manifest
from campanile.store.control_tables import consumed
from campanile.store.database import Database
from campanile.store.statements import BATCH, batches, insert_all_missing

# (campaign, activity), the present one first, then the names that both had formerly.
Memory: TypeAlias = Sequence[tuple[str, str]]

_WRITTEN = 1_000  # rows of one write transaction: 5,000 of so long a key take over 50 ms
_DELETED = 1_000  # rows of one deletion: seven parameters each
NO_EVENT = 0  # the event id of what an incremental query remembers: a key, not an event


@dataclass(frozen=True)
class Consumed:
    """One event of one person; `event_id` is NO_EVENT for a remembered key."""

    event_id: int
    person: str


@dataclass(frozen=True)
class Commit:
    """The commit with which rows begin to count: a transition, at one attempt of its segment."""

    execution_id: int
    transition: str
    attempt: int


class ConsumedEvents:
    """What activities consumed. Rows count only once the transition they came with is committed."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def add(self, campaign: str, activity: str, commit: Commit, rows: Iterable[Consumed]) -> int:
        """Write rows in batches before their commit; return how many were given.

        The same attempt writes them again without effect.
        """
        origin = {
            "campaign": campaign,
            "activity": activity,
            "execution_id": commit.execution_id,
            "transition": commit.transition,
            "attempt": commit.attempt,
            "at": self._clock(),
        }
        values = ({"event_id": r.event_id, "person": r.person, **origin} for r in rows)
        given = 0
        for batch in batches(values, _WRITTEN):
            with self._database.write() as connection:
                insert_all_missing(connection, consumed, batch)
            given += len(batch)
        return given

    def consumed_event_ids(
        self, memory: Memory, min_event_id: int = 1, *, besides: int | None = None
    ) -> Iterator[int]:
        """Give the ids, from `min_event_id`, of the events consumed, in rising order.

        Those that the execution `besides` consumed itself are left out.
        """
        query = (
            select(consumed.c.event_id)
            .distinct()
            .where(*_counting(memory), consumed.c.event_id >= min_event_id)
            .order_by(consumed.c.event_id)
        )
        if besides is not None:
            query = query.where(consumed.c.execution_id != besides)
        yield from self._stream(query)

    def people(
        self, memory: Memory, since: datetime | None = None, limit: int | None = None
    ) -> Iterator[str]:
        """Give the persons (or keys) consumed at or after `since`, each once, in their order."""
        query = select(consumed.c.person).distinct().where(*_counting(memory))
        if since is not None:
            query = query.where(consumed.c.at >= since)
        yield from self._stream(query.order_by(consumed.c.person).limit(limit))

    def remembered(
        self, memory: Memory, since: datetime | None = None
    ) -> Iterator[Sequence[tuple[str]]]:
        """Give the keys remembered at or after `since` in pages, in no order, some twice."""
        query = select(consumed.c.person).where(*_counting(memory), consumed.c.event_id == NO_EVENT)
        if since is not None:
            query = query.where(consumed.c.at >= since)
        with self._database.read() as connection:
            rows = connection.execution_options(yield_per=BATCH).execute(query)
            for page in rows.partitions():
                yield [(str(person),) for (person,) in page]

    def count(self, memory: Memory, since: datetime | None = None) -> int:
        """Return how many persons (or keys) count as consumed, at or after `since`."""
        query = select(func.count(consumed.c.person.distinct())).where(*_counting(memory))
        if since is not None:
            query = query.where(consumed.c.at >= since)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def lapsing(
        self,
        memory: Memory,
        *,
        since: datetime | None = None,
        before: datetime | None = None,
        limit: int,
    ) -> tuple[int, tuple[str, ...]]:
        """How many were last consumed from `since` to `before`, and the first of them by key."""
        last = func.max(consumed.c.at)
        query = select(consumed.c.person).where(*_counting(memory)).group_by(consumed.c.person)
        if since is not None:
            query = query.having(last >= since)
        if before is not None:
            query = query.having(last < before)
        with self._database.read() as connection:
            counting = select(func.count()).select_from(query.subquery())
            total = int(connection.execute(counting).scalar_one())
            some = connection.execute(query.order_by(consumed.c.person).limit(limit)).scalars()
            return total, tuple(some)

    def activities(self, campaigns: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """Return the (campaign, activity) of these campaigns that remember anybody."""
        query = select(consumed.c.campaign, consumed.c.activity).distinct()
        counting = query.where(consumed.c.campaign.in_(campaigns), _is_committed())
        with self._database.read() as connection:
            found = connection.execute(counting.order_by(consumed.c.campaign, consumed.c.activity))
            return tuple((row.campaign, row.activity) for row in found)

    def forget(self, campaign: str, activity: str, before: datetime | None = None) -> int:
        """Forget the memory of an activity, or what is older than `before`: these may enter again.

        Returns how many rows.
        """
        mine = (consumed.c.campaign == campaign) & (consumed.c.activity == activity)
        return self._delete(mine if before is None else mine & (consumed.c.at < before))

    def sweep(self) -> int:
        """Delete the rows of executions that ended without committing their transition."""
        over = select(execution.c.id).where(execution.c.status.in_(FINAL_STATUSES))
        return self._delete(consumed.c.execution_id.in_(over) & ~_is_committed())

    def _delete(self, condition: Any) -> int:
        """Delete in short transactions; return how many rows."""
        key = list(consumed.primary_key.columns)
        total = 0
        while True:
            with self._database.write() as connection:
                some = connection.execute(select(*key).where(condition).limit(_DELETED)).all()
                mine = tuple_(*key).in_([tuple(row) for row in some])
                connection.execute(delete(consumed).where(mine))
            total += len(some)
            if len(some) < _DELETED:
                return total

    def _stream(self, query: Any) -> Iterator[Any]:
        with self._database.read() as connection:
            yield from connection.execution_options(yield_per=BATCH).execute(query).scalars()


def _counting(memory: Memory) -> tuple[Any, ...]:
    names = (
        and_(consumed.c.campaign == campaign, consumed.c.activity == activity)
        for campaign, activity in memory
    )
    return (or_(*names), _is_committed())


def _is_committed() -> Any:
    return exists().where(
        manifest.c.execution_id == consumed.c.execution_id,
        manifest.c.transition == consumed.c.transition,
        manifest.c.attempt == consumed.c.attempt,
        manifest.c.superseded_at.is_(None),
    )
