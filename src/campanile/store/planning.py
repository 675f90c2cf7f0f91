"""Planning: the population of a delivery becomes messages, once, in a repeatable order."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from campanile.deliveries.account import Account
from campanile.deliveries.delivery import Delivery
from campanile.deliveries.messages import Recipient
from campanile.errors import Refused
from campanile.store.accounts import count_account
from campanile.store.among import among_hashes
from campanile.store.database import Database, Instant
from campanile.store.deliveries import get_delivery
from campanile.store.ledger_tables import delivery, message
from campanile.store.planned_rows import RowMaker, exclude_refused, exclude_taken, waiting

_MOST_ROWS = 5_000
_FEWEST_ROWS = 100
_AIM_SECONDS = 0.03  # of the write transaction; the promise is 50 ms
_TAKEN = select(message.c.message_key).where(among_hashes(message.c.message_key, "keys"))


class Planner:
    """Writes the plan of one delivery; a plan that was cut off is continued, never begun anew."""

    def __init__(self, ledger: Database, now: datetime) -> None:
        self._ledger = ledger
        self._now = now
        self._rows = 500

    def plan(self, delivery_id: int, recipients: Iterable[Recipient]) -> Account:
        """Write one message row for each recipient, and open the delivery when all are there.

        `recipients` must come in the same order on every call: the n-th is ordinal n, and a repeat
        goes on behind the last ordinal. Raises Refused if the row at the cut is another one now, if
        two plans of the delivery run at once, or if it was cancelled. A complete plan stays.
        """
        with self._ledger.read() as connection:
            found = get_delivery(connection, delivery_id)
            begun = _last_planned(connection, delivery_id)
        if not found.planned_complete:
            rest = iter(recipients)
            at = 0 if begun is None else _skip_to(rest, begun, found)
            self._write(found, rest, at)
        with self._ledger.read() as connection:
            return count_account(connection, delivery_id)

    def _write(self, found: Delivery, rest: Iterator[Recipient], at: int) -> None:
        maker = RowMaker(
            found,
            self._now,
            delivery_id=found.id,
            earliest=found.send_after or found.created_at,
        )
        while batch := list(islice(rest, self._rows)):
            rows = maker.rows(batch, at)
            with self._ledger.read() as connection:
                exclude_refused(connection, found.settings, rows, self._now)
                _exclude_duplicates(connection, rows, self._now)
            started = time.monotonic()
            self._commit(found, rows)
            self._adapt(time.monotonic() - started)
            at += len(rows)
        self._complete(found, at)

    def _commit(self, found: Delivery, rows: list[dict[str, Any]]) -> None:
        insert_messages = _inserting(self._ledger, rows)
        try:
            with self._ledger.write() as connection:
                insert_messages(connection)
                counted = connection.execute(
                    update(delivery)
                    .where(delivery.c.id == found.id, delivery.c.state == "planning")
                    .values(planned=delivery.c.planned + len(rows))
                )
                if counted.rowcount != 1:
                    raise Refused(f"Delivery {found.id} was cancelled while it was planned.")
        except IntegrityError as error:
            raise Refused(
                f"Delivery {found.id} is being planned by another run at this moment.",
                remedy="Let that one finish; it is continued by itself if it is cut off.",
            ) from error

    def _adapt(self, seconds: float) -> None:
        wanted = int(self._rows * _AIM_SECONDS / max(seconds, 1e-4))
        self._rows = max(_FEWEST_ROWS, min(_MOST_ROWS, wanted, self._rows * 2))

    def _complete(self, found: Delivery, planned: int) -> None:
        state = "confirming" if found.settings.confirm and found.mode == "live" else "planned"
        with self._ledger.write() as connection:
            # The account must close before the first claim: the rows are there and counted.
            done = connection.execute(
                update(delivery)
                .where(
                    delivery.c.id == found.id,
                    delivery.c.planned_complete.is_(False),
                    delivery.c.planned == planned,
                )
                .values(planned_complete=True)
            )
            if done.rowcount != 1:
                raise Refused(f"Delivery {found.id} was changed while it was planned.")
            connection.execute(
                update(delivery)
                .where(delivery.c.id == found.id, delivery.c.state == "planning")
                .values(state=state)
            )


def _inserting(ledger: Database, rows: list[dict[str, Any]]) -> Callable[[Connection], object]:
    """Prepare an insert, so that as little as possible is done while the write lock is held."""
    if not ledger.is_sqlite:
        return lambda connection: connection.execute(insert(message), rows)
    dialect = ledger.engine.dialect
    compiled = insert(message).compile(dialect=dialect, column_keys=list(rows[0]))
    names = [str(name) for name in compiled.positiontup or ()]
    stored = {
        column.name: column.type.bind_processor(dialect)
        for column in message.c
        if isinstance(column.type, Instant)
    }
    for name in stored.keys() & set(names):
        process = stored[name]
        for row in rows:
            row[name] = process(row[name]) if process else row[name]
    values = [tuple(row[name] for name in names) for row in rows]
    return lambda connection: connection.exec_driver_sql(str(compiled), values)


def _exclude_duplicates(connection: Connection, rows: list[dict[str, Any]], now: datetime) -> None:
    keys = [row["message_key"] for row in waiting(rows)]
    exclude_taken(rows, set(connection.execute(_TAKEN, {"keys": keys}).scalars()), now)


def _last_planned(connection: Connection, delivery_id: int) -> tuple[int, str, str] | None:
    last = select(func.max(message.c.ordinal)).where(message.c.delivery_id == delivery_id)
    query = select(message.c.ordinal, message.c.person, message.c.row_key).where(
        message.c.delivery_id == delivery_id, message.c.ordinal == last.scalar_subquery()
    )
    found = connection.execute(query).one_or_none()
    return None if found is None else (found.ordinal, found.person, found.row_key)


def _skip_to(rest: Iterator[Recipient], begun: tuple[int, str, str], found: Delivery) -> int:
    ordinal, person, row_key = begun
    last = next(islice(rest, ordinal, None), None)
    if last is None or (last.person, last.row_key) != (person, row_key):
        raise Refused(
            f"The plan of delivery {found.id} was cut off after {ordinal + 1} recipients, and the"
            " population that it should be continued with is another one.",
            remedy="Cancel the delivery, or restore the working table that it was planned from.",
        )
    return ordinal + 1
