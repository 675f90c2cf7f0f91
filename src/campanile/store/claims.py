"""Claims: a process takes messages to send, after a last look at everything that forbids it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import floor
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Row,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
    update,
)

from campanile.deliveries.delivery import Delivery
from campanile.deliveries.messages import Claimed
from campanile.store.among import among_numbers
from campanile.store.consents import refusals
from campanile.store.database import Database, Instant
from campanile.store.deliveries import SWEEP_ROWS, get_delivery, sweep_waiting
from campanile.store.ledger_tables import delivery, message, worker
from campanile.store.sending import raise_sequence, read_control

MOST_CLAIMED = 500
_AHEAD = timedelta(seconds=1)  # how far a paced delivery is claimed before its time

_NOW = bindparam("now", type_=Instant())
# The columns of `Claimed` in its order, but for `send_at`.
_DUE = (
    select(*(message.c[name] for name in Claimed._fields[:-1]))
    .where(
        message.c.delivery_id == bindparam("delivery"),
        message.c.state == literal_column("'waiting'"),  # as the partial index says it
        message.c.not_before <= _NOW,
    )
    .order_by(message.c.not_before, message.c.ordinal)
    .limit(bindparam("most", type_=Integer()))
    .with_for_update(skip_locked=True)
)
_TAKE = (
    update(message)
    .where(
        message.c.delivery_id == bindparam("delivery"),
        among_numbers(message.c.ordinal, "ordinals"),
    )
    .values(
        state="in_flight",
        epoch=bindparam("lease"),
        attempt=message.c.attempt + 1,
        claimed_at=_NOW,
        first_tried_at=func.coalesce(message.c.first_tried_at, _NOW),
    )
)


@dataclass(frozen=True)
class Claim:
    """What a claim brought; `stop` says why no other claim will succeed, `more` that one may.

    `generation` and `withdrawals` are what was known when the messages were taken: a process that
    sees higher numbers later looks again before each body.
    """

    messages: tuple[Claimed, ...] = ()
    excluded: int = 0
    stop: str | None = None
    more: bool = False
    again_at: datetime | None = None
    generation: int = 0
    withdrawals: int = 0
    sequence: int = 0


class Claims:
    """Takes messages of one delivery under one lease."""

    def __init__(
        self,
        ledger: Database,
        delivery_id: int,
        epoch: int,
        identity: str,
        *,
        rate: float | None = None,
    ) -> None:
        """`rate` is the connection's limit; the lower of it and the delivery's holds."""
        self._ledger = ledger
        self._delivery_id = delivery_id
        self._epoch = epoch
        self._identity = identity
        self._rate = rate

    def claim(self, limit: int, now: datetime) -> Claim:
        """Take up to `limit` messages (500 at most) that are due, in one transaction.

        Consent, suppression, halt, arming, the delivery's state and its end are read here, beside
        the change; whoever withdrew consent since the plan becomes excluded ("opt_out").
        """
        limit = max(1, min(limit, MOST_CLAIMED))
        with self._ledger.write() as connection:
            control = read_control(connection)
            found = get_delivery(connection, self._delivery_id)
            known = Claim(
                generation=found.generation,
                withdrawals=control.generation,
                sequence=control.sequence,
            )
            if stop := control.refusal(self._identity) or self._refusal(connection, found):
                return replace(known, stop=stop)
            if found.expires_at is not None and found.expires_at <= now:
                swept = sweep_waiting(connection, found.id, "expired", now, SWEEP_ROWS)
                return replace(known, excluded=swept, more=swept == SWEEP_ROWS)
            rate = min(filter(None, (self._rate, found.settings.rate)), default=None)
            paced = None if rate is None else _read_pace(connection, found, now)
            if paced is not None and paced > now + _AHEAD:
                return replace(known, again_at=paced - _AHEAD, more=True)
            limit = min(limit, _slice(rate, paced, now))
            due = _due(connection, found.id, now, limit)
            refused = refusals(connection, found.settings, [row.address_hash for row in due])
            taken = [row for row in due if row.address_hash not in refused]
            _exclude(connection, found.id, due, refused, now)
            sequence = control.sequence
            if taken:
                self._take(connection, found, taken, now)
                _write_pace(connection, found, rate, paced, len(taken))
                sequence = raise_sequence(connection, len(taken))
        return replace(
            known,
            messages=tuple(_claimed(row, now, rate, paced, n) for n, row in enumerate(taken)),
            excluded=len(due) - len(taken),
            more=len(due) == limit,
            sequence=sequence,
        )

    def _refusal(self, connection: Connection, found: Delivery) -> str | None:
        lease = select(worker.c.epoch).where(worker.c.epoch == self._epoch)
        if connection.execute(lease).one_or_none() is None:
            return "the lease was taken over by another process"
        if found.may_be_sent:
            return None
        return f"the delivery is {found.state} and waits for {found.waits_for}"

    def _take(
        self, connection: Connection, found: Delivery, taken: Sequence[Row[Any]], now: datetime
    ) -> None:
        given = {"delivery": found.id, "ordinals": [row.ordinal for row in taken]}
        connection.execute(_TAKE, {**given, "lease": self._epoch, "now": now})
        if found.state == "planned":
            started = func.coalesce(delivery.c.started_at, literal(now, Instant()))
            connection.execute(
                update(delivery)
                .where(delivery.c.id == found.id, delivery.c.state == "planned")
                .values(state="sending", started_at=started)
            )


def _due(connection: Connection, delivery_id: int, now: datetime, limit: int) -> Sequence[Row[Any]]:
    given = {"delivery": delivery_id, "now": now, "most": limit}
    return connection.execute(_DUE, given).all()


def _exclude(
    connection: Connection,
    delivery_id: int,
    due: Sequence[Row[Any]],
    refused: dict[bytes, str],
    now: datetime,
) -> None:
    ordinals = [row.ordinal for row in due if row.address_hash in refused]
    if not ordinals:
        return
    suppressed = [row.ordinal for row in due if refused.get(row.address_hash) == "suppressed"]
    connection.execute(
        update(message)
        .where(
            message.c.delivery_id == delivery_id,
            among_numbers(message.c.ordinal, "ordinals"),
        )
        .values(
            state="excluded",
            reason=case(
                (among_numbers(message.c.ordinal, "suppressed"), "suppressed"),
                else_="opt_out",
            ),
            not_before=None,
            settled_at=now,
        ),
        {"ordinals": ordinals, "suppressed": suppressed},
    )


def _claimed(
    row: Row[Any], now: datetime, rate: float | None, paced: datetime | None, position: int
) -> Claimed:
    """The claim of a row of `_due`, whose columns come in the order of `Claimed`."""
    values: tuple[Any, ...] = tuple(row)
    ordinal, attempt, *fixed, first_tried_at = values
    send_at = now
    if paced is not None and rate is not None:
        send_at = paced + timedelta(seconds=position / rate)
    return Claimed._make((ordinal, attempt + 1, *fixed, first_tried_at or now, send_at))


def _read_pace(connection: Connection, found: Delivery, now: datetime) -> datetime:
    """GCRA's theoretical arrival time of the next message, locked until commit."""
    query = select(delivery.c.paced_until).where(delivery.c.id == found.id).with_for_update()
    until: datetime | None = connection.execute(query).scalar_one()
    return now if until is None else max(until, now)


def _slice(rate: float | None, paced: datetime | None, now: datetime) -> int:
    """How many messages the rate lets a process take for the next second."""
    if paced is None or rate is None:
        return MOST_CLAIMED
    return max(1, floor((now + _AHEAD - paced).total_seconds() * rate))


def _write_pace(
    connection: Connection,
    found: Delivery,
    rate: float | None,
    paced: datetime | None,
    taken: int,
) -> None:
    if paced is None or rate is None:
        return
    until = paced + timedelta(seconds=taken / rate)
    connection.execute(update(delivery).where(delivery.c.id == found.id).values(paced_until=until))
