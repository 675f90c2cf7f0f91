"""Messages as others read them: pages of rows, the doubtful, and the history of one address."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, select, update

from campanile.deliveries.states import MessageState
from campanile.store.database import Database
from campanile.store.deliveries import get_delivery
from campanile.store.ledger_tables import delivery, message

_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message as reports and outputs need it; no address, no content."""

    delivery_id: int
    ordinal: int
    state: MessageState
    reason: str | None
    person: str
    row_key: str
    variant: str | None
    code: int | None
    enhanced: str | None
    attempt: int
    settled_at: datetime | None


_ROW = tuple(message.c[name] for name in MessageRow.__dataclass_fields__)


class Messages:
    """Reads messages, and decides the doubtful ones."""

    def __init__(self, ledger: Database) -> None:
        self._ledger = ledger

    def rows(
        self, delivery_id: int, states: tuple[MessageState, ...] | None = None
    ) -> Iterator[MessageRow]:
        """All messages of a delivery by ordinal, in pages of their own short reads."""
        after = -1
        while True:
            query = select(*_ROW).where(
                message.c.delivery_id == delivery_id, message.c.ordinal > after
            )
            if states is not None:
                query = query.where(message.c.state.in_(states))
            with self._ledger.read() as connection:
                page = connection.execute(query.order_by(message.c.ordinal).limit(_PAGE)).all()
            yield from (_read(row) for row in page)
            if len(page) < _PAGE:
                return
            after = page[-1].ordinal

    def get(self, delivery_id: int, ordinal: int) -> MessageRow | None:
        """One message, as a token names it."""
        query = select(*_ROW).where(
            message.c.delivery_id == delivery_id, message.c.ordinal == ordinal
        )
        with self._ledger.read() as connection:
            found = connection.execute(query).one_or_none()
        return None if found is None else _read(found)

    def address_hash(self, delivery_id: int, ordinal: int) -> bytes | None:
        """The hash of the address a message was planned for: what an opt-out is recorded under."""
        query = select(message.c.address_hash).where(
            message.c.delivery_id == delivery_id, message.c.ordinal == ordinal
        )
        with self._ledger.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def of_address(self, address_hash: bytes) -> list[MessageRow]:
        """Every message ever planned for an address, newest delivery first."""
        query = (
            select(*_ROW)
            .where(message.c.address_hash == address_hash)
            .order_by(message.c.delivery_id.desc(), message.c.ordinal)
        )
        with self._ledger.read() as connection:
            return [_read(row) for row in connection.execute(query)]

    def decide_uncertain(
        self, delivery_id: int, decision: Literal["resend", "give_up"], now: datetime
    ) -> int:
        """Send all uncertain messages of a delivery once more, or leave them for good; how many."""
        values: dict[str, Any] = {"state": "failed", "reason": "given_up", "settled_at": now}
        if decision == "resend":
            values = {"state": "waiting", "reason": None, "not_before": now, "settled_at": None}
        with self._ledger.write() as connection:
            found = get_delivery(connection, delivery_id)
            decided = connection.execute(
                update(message)
                .where(message.c.delivery_id == delivery_id, message.c.state == "uncertain")
                .values(**values)
            )
            if decision == "resend" and found.state == "settled":
                connection.execute(
                    update(delivery)
                    .where(delivery.c.id == delivery_id)
                    .values(state="sending", finished_at=None, counts=None)
                )
        return decided.rowcount

    def forget(self, address_hash: bytes) -> int:
        """Erase what messages keep of a person (address, content); the account stays. How many."""
        with self._ledger.write() as connection:
            erased = connection.execute(
                update(message)
                .where(
                    message.c.address_hash == address_hash,
                    message.c.state.in_(("sent", "failed", "excluded", "uncertain")),
                )
                .values(address=None, fields="{}", person="", row_key="", detail=None)
            )
        return erased.rowcount


def _read(row: Row[Any]) -> MessageRow:
    return MessageRow(*row)
