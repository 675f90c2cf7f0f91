"""The account of a delivery, counted from its rows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from campanile.deliveries.account import Account
from campanile.store.ledger_tables import delivery, message


def count_account(connection: Connection, delivery_id: int) -> Account:
    """Count every bucket by itself; one GROUP BY, one consistent moment.

    `planned` comes from the delivery's row, where the plan wrote it beside every batch of messages;
    so a lost or doubled row shows as an account that does not close.
    """
    planned = connection.execute(
        select(delivery.c.planned).where(delivery.c.id == delivery_id)
    ).scalar_one()
    rows = _counted(connection, delivery_id)
    doubts = sum(int(row.doubts) for row in rows)
    retrying = sum(row.messages for row in rows if row.state == "waiting" and row.put_off)
    return Account(
        planned=planned,
        waiting=_of_state(rows, "waiting"),
        in_flight=_of_state(rows, "in_flight"),
        sent=_of_state(rows, "sent"),
        failed=_by_reason(rows, "failed"),
        excluded=_by_reason(rows, "excluded"),
        uncertain=_of_state(rows, "uncertain"),
        retrying=retrying,
        doubts=doubts,
    )


def _counted(connection: Connection, delivery_id: int) -> Sequence[Row[Any]]:
    """One row for each state, reason and whether the messages were put off before."""
    put_off = message.c.tries > 0
    return connection.execute(
        select(
            message.c.state,
            message.c.reason,
            put_off.label("put_off"),
            func.count().label("messages"),
            func.coalesce(func.sum(message.c.doubts), 0).label("doubts"),
        )
        .where(message.c.delivery_id == delivery_id)
        .group_by(message.c.state, message.c.reason, put_off)
    ).all()


def _of_state(rows: Sequence[Row[Any]], state: str) -> int:
    return sum(row.messages for row in rows if row.state == state)


def _by_reason(rows: Sequence[Row[Any]], state: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        if row.state == state:
            found[row.reason or ""] = found.get(row.reason or "", 0) + row.messages
    return found
