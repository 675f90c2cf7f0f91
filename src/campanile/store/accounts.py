"""The account of a delivery, counted from its rows."""

from sqlalchemy import Connection, func, select

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
    put_off = message.c.tries > 0
    rows = connection.execute(
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
    states: dict[str, int] = {}
    failed: dict[str, int] = {}
    excluded: dict[str, int] = {}
    retrying = doubts = 0
    for state, reason, was_put_off, messages, doubted in rows:
        states[state] = states.get(state, 0) + messages
        doubts += int(doubted)
        if state == "waiting" and was_put_off:
            retrying += messages
        elif state in ("failed", "excluded"):
            bucket = failed if state == "failed" else excluded
            bucket[reason or ""] = bucket.get(reason or "", 0) + messages
    return Account(
        planned=planned,
        waiting=states.get("waiting", 0),
        in_flight=states.get("in_flight", 0),
        sent=states.get("sent", 0),
        failed=failed,
        excluded=excluded,
        uncertain=states.get("uncertain", 0),
        retrying=retrying,
        doubts=doubts,
    )
