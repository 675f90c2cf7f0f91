"""Consumed events and remembered keys: who was taken into a campaign already, and for what."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, select, tuple_

from campanile.store.campaign_tables import FINAL_STATUSES, execution, manifest
from campanile.store.control_tables import consumed
from campanile.store.database import Database
from campanile.store.statements import BATCH, batches, insert_all_missing

_DELETED = 1_000  # rows of one deletion: six parameters each
NO_EVENT = 0  # the event id of what an incremental query remembers: a key, not an event


@dataclass(frozen=True)
class Consumed:
    """One event of one person; `event_id` is NO_EVENT for a remembered key."""

    event_id: int
    person: str


class ConsumedEvents:
    """What activities consumed. Rows count only once the transition they came with is committed."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        campaign: str,
        activity: str,
        execution_id: int,
        transition: str,
        rows: Iterable[Consumed],
    ) -> int:
        """Write rows in batches before the transition is committed; return how many were given.

        A retry writes them again without effect.
        """
        origin = {"campaign": campaign, "activity": activity, "execution_id": execution_id}
        extra = {**origin, "transition": transition, "at": self._clock()}
        values = ({"event_id": r.event_id, "person": r.person, **extra} for r in rows)
        given = 0
        for batch in batches(values):
            with self._database.write() as connection:
                insert_all_missing(connection, consumed, batch)
            given += len(batch)
        return given

    def consumed_event_ids(
        self, campaign: str, activity: str, min_event_id: int = 1, *, besides: int | None = None
    ) -> Iterator[int]:
        """Give the ids, from `min_event_id`, of the events consumed, in rising order.

        Those that the execution `besides` consumed itself are left out.
        """
        query = (
            select(consumed.c.event_id)
            .distinct()
            .where(*_counting(campaign, activity), consumed.c.event_id >= min_event_id)
            .order_by(consumed.c.event_id)
        )
        if besides is not None:
            query = query.where(consumed.c.execution_id != besides)
        yield from self._stream(query)

    def people(self, campaign: str, activity: str, since: datetime | None = None) -> Iterator[str]:
        """Give the persons (or keys) consumed at or after `since`, each once, in their order.

        For `cool_down` of a retargeting and `remember` of an incremental query.
        """
        query = select(consumed.c.person).distinct().where(*_counting(campaign, activity))
        if since is not None:
            query = query.where(consumed.c.at >= since)
        yield from self._stream(query.order_by(consumed.c.person))

    def count(self, campaign: str, activity: str) -> int:
        """Return how many persons (or keys) count as consumed."""
        query = select(func.count(consumed.c.person.distinct()))
        with self._database.read() as connection:
            counting = query.where(*_counting(campaign, activity))
            return int(connection.execute(counting).scalar_one())

    def forget(self, campaign: str, activity: str) -> int:
        """Forget the memory of an activity: everybody may enter again. Returns how many rows."""
        mine = (consumed.c.campaign == campaign) & (consumed.c.activity == activity)
        return self._delete(mine)

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


def _counting(campaign: str, activity: str) -> tuple[Any, ...]:
    return (consumed.c.campaign == campaign, consumed.c.activity == activity, _is_committed())


def _is_committed() -> Any:
    return exists().where(
        manifest.c.execution_id == consumed.c.execution_id,
        manifest.c.transition == consumed.c.transition,
        manifest.c.superseded_at.is_(None),
    )
