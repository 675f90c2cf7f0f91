"""Leases: which process holds messages of which delivery, and what happens when it is gone."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from campanile.deliveries.delivery import Delivery
from campanile.store.database import Database
from campanile.store.deliveries import get_delivery
from campanile.store.ledger_tables import message, worker
from campanile.store.sending import raise_epoch

LEASE = timedelta(seconds=30)
MOST_DOUBTS = 5  # a message that was in doubt so often may be what crashes us: a person decides
_BATCH = 500


@dataclass(frozen=True)
class Lease:
    """One sending process on one delivery; `host` and `boot` say where its journal is good."""

    epoch: int
    owner: str
    delivery_id: int
    host: str
    boot: str
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A message in flight under a lease, as far as settling it needs."""

    ordinal: int
    attempt: int
    tries: int
    doubts: int
    first_tried_at: datetime


@dataclass(frozen=True)
class TakenOver:
    """What a takeover did with messages that the dead process held."""

    given_back: int
    sent_again: int
    uncertain: int

    @property
    def is_due(self) -> bool:
        """Whether messages wait now because of it."""
        return self.given_back + self.sent_again > 0


class Leases:
    """Repository of leases."""

    def __init__(self, ledger: Database) -> None:
        self._ledger = ledger

    def register(self, owner: str, delivery_id: int, host: str, boot: str, now: datetime) -> int:
        """Give a process a lease; returns its epoch, which no other lease ever had."""
        with self._ledger.write() as connection:
            epoch = raise_epoch(connection)
            connection.execute(
                insert(worker).values(
                    epoch=epoch,
                    owner=owner,
                    delivery_id=delivery_id,
                    host=host,
                    boot=boot,
                    started_at=now,
                    heartbeat_at=now,
                    lease_until=now + LEASE,
                )
            )
        return epoch

    def renew(self, epoch: int, now: datetime) -> bool:
        """Prolong a lease; False if another process has taken it over, and all is lost."""
        with self._ledger.write() as connection:
            kept = connection.execute(
                update(worker)
                .where(worker.c.epoch == epoch)
                .values(heartbeat_at=now, lease_until=now + LEASE)
            )
        return kept.rowcount == 1

    def release(self, epoch: int) -> bool:
        """End a lease under which nothing is held any more; False while something is."""
        held = select(message.c.ordinal).where(
            message.c.delivery_id == worker.c.delivery_id,
            message.c.epoch == epoch,
            message.c.state == "in_flight",
        )
        with self._ledger.write() as connection:
            gone = connection.execute(delete(worker).where(worker.c.epoch == epoch, ~held.exists()))
        return gone.rowcount == 1

    def all(self, delivery_id: int | None = None) -> list[Lease]:
        """The leases of one delivery, or of all."""
        columns = worker.c
        query = select(
            columns.epoch,
            columns.owner,
            columns.delivery_id,
            columns.host,
            columns.boot,
            columns.lease_until,
        ).order_by(columns.epoch)
        if delivery_id is not None:
            query = query.where(columns.delivery_id == delivery_id)
        with self._ledger.read() as connection:
            return [Lease(*row) for row in connection.execute(query)]

    def held(self, lease: Lease) -> list[HeldMessage]:
        """The messages in flight under a lease."""
        columns = message.c
        query = select(
            columns.ordinal,
            columns.attempt,
            columns.tries,
            columns.doubts,
            columns.first_tried_at,
        ).where(
            columns.delivery_id == lease.delivery_id,
            columns.epoch == lease.epoch,
            columns.state == "in_flight",
        )
        with self._ledger.read() as connection:
            return [HeldMessage(*row) for row in connection.execute(query)]

    def take_over(
        self, lease: Lease, now: datetime, *, in_doubt: Collection[int] | None
    ) -> TakenOver:
        """Requeue or mark what a dead process held, and end its lease, in one transaction.

        `in_doubt` are the ordinals whose text may have been handed over; None: nobody knows which.
        At-least-once sends those again, at-most-once leaves them uncertain; the rest goes back.
        """
        with self._ledger.write() as connection:
            found = get_delivery(connection, lease.delivery_id)
            gone = connection.execute(delete(worker).where(worker.c.epoch == lease.epoch))
            if gone.rowcount != 1:
                return TakenOver(0, 0, 0)  # somebody else did it
            held = and_(
                message.c.delivery_id == lease.delivery_id,
                message.c.epoch == lease.epoch,
                message.c.state == "in_flight",
            )
            sent_again, uncertain = _settle_doubtful(connection, found, held, now, in_doubt)
            given_back = _give_back(connection, found, held, now)
        return TakenOver(given_back, sent_again, uncertain)


def _settle_doubtful(
    connection: Connection,
    found: Delivery,
    held: ColumnElement[bool],
    now: datetime,
    in_doubt: Collection[int] | None,
) -> tuple[int, int]:
    parts: list[ColumnElement[bool]] = [held]
    if in_doubt is not None:
        ordinals = sorted(in_doubt)
        pages = [ordinals[at : at + _BATCH] for at in range(0, len(ordinals), _BATCH)]
        parts = [and_(held, message.c.ordinal.in_(page)) for page in pages]
    sent_again = uncertain = 0
    for part in parts:
        if found.settings.doubt == "at_least_once" and found.state != "cancelled":
            again = connection.execute(
                update(message)
                .where(part, message.c.doubts < MOST_DOUBTS)
                .values(state="waiting", epoch=None, not_before=now, doubts=message.c.doubts + 1)
            )
            sent_again += again.rowcount
        rest = connection.execute(
            update(message)
            .where(part)
            .values(state="uncertain", reason="crash", epoch=None, settled_at=now)
        )
        uncertain += rest.rowcount
    return sent_again, uncertain


def _give_back(
    connection: Connection, found: Delivery, held: ColumnElement[bool], now: datetime
) -> int:
    back = update(message).where(held)
    if found.state == "cancelled":
        back = back.values(state="excluded", reason="cancelled", epoch=None, settled_at=now)
    else:
        back = back.values(state="waiting", epoch=None, not_before=now)
    return connection.execute(back).rowcount
