"""Raw events: everything that recipients and providers tell us, kept as it came, in order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text

from campanile.store.database import Database
from campanile.store.events_tables import raw_event

# One number for the whole product: writers of events queue for it, so that ids commit in order.
_WRITERS = 7_307_112_001


@dataclass(frozen=True)
class NewEvent:
    """An event as received; `remote` is a network prefix or a hash, never a whole address.

    `delivery` and `ordinal` name the message, where a token or a provider's reference did.
    """

    received_at: datetime
    kind: str  # open, click, unsubscribe, delivered, bounced, complained ... or the provider's word
    delivery: int | None = None
    ordinal: int | None = None
    link_number: int | None = None
    method: str | None = None
    user_agent: str | None = None
    purpose: str | None = None
    value: str | None = None
    remote: str | None = None
    raw: Mapping[str, Any] | None = None


_FIELDS = tuple(field.name for field in fields(NewEvent))


@dataclass(frozen=True)
class Event(NewEvent):
    """An event that is durable; `id` rises in the order of commits."""

    id: int = 0


class Events:
    """The raw events; append-only."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def append(self, events: Sequence[NewEvent]) -> int:
        """Write events in one transaction, durable on return; return the highest id there is."""
        rows = [{name: getattr(each, name) for name in _FIELDS} for each in events]
        with self._database.write() as connection:
            if not self._database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITERS})
            if rows:
                connection.execute(insert(raw_event), rows)
            return _highest(connection)

    def watermark(self) -> int:
        """Return the highest id (0: none yet); no event will ever appear at or below it."""
        with self._database.read() as connection:
            return _highest(connection)

    def read_events(self, after_id: int, up_to_id: int, limit: int = 5_000) -> tuple[Event, ...]:
        """Return events with after_id < id <= up_to_id in the order of ids, at most `limit`."""
        query = (
            select(raw_event)
            .where(raw_event.c.id > after_id, raw_event.c.id <= up_to_id)
            .order_by(raw_event.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(Event(**row) for row in connection.execute(query).mappings())

    def of_message(self, delivery: int, ordinal: int) -> tuple[Event, ...]:
        """Return the events of one message in the order of ids."""
        query = select(raw_event).where(
            raw_event.c.delivery == delivery, raw_event.c.ordinal == ordinal
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(raw_event.c.id)).mappings()
            return tuple(Event(**row) for row in rows)

    def forget(self, kinds: Sequence[str], before: datetime, *, at_once: int = 5_000) -> int:
        """Delete events of these kinds from before an instant; returns how many.

        The newest event stays: it is the watermark.
        """
        old = (
            select(raw_event.c.id)
            .where(raw_event.c.received_at < before, raw_event.c.kind.in_(kinds))
            .where(raw_event.c.id < select(func.max(raw_event.c.id)).scalar_subquery())
            .order_by(raw_event.c.id)
            .limit(at_once)
        )
        total, deleted = 0, at_once
        while deleted == at_once:
            with self._database.write() as connection:
                ids = connection.execute(old).scalars().all()
                if ids:
                    connection.execute(delete(raw_event).where(raw_event.c.id.in_(ids)))
            deleted = len(ids)
            total += deleted
        return total

    def first_since(self, instant: datetime) -> int | None:
        """Return the id of the first event received since an instant; None when there is none."""
        query = select(func.min(raw_event.c.id)).where(raw_event.c.received_at >= instant)
        with self._database.read() as connection:
            found: int | None = connection.execute(query).scalar_one()
        return found


def _highest(connection: Connection) -> int:
    return connection.execute(select(func.max(raw_event.c.id))).scalar_one_or_none() or 0
