"""Reinstatement: what a cancelled delivery called back waits again; what is out stays out."""

from datetime import datetime

from sqlalchemy import select, update

from campanile.deliveries.delivery import Delivery
from campanile.deliveries.states import DeliveryState
from campanile.errors import Refused
from campanile.store.database import Database
from campanile.store.deliveries import SWEEP_ROWS, get_delivery
from campanile.store.ledger_tables import delivery, message


def reinstate(ledger: Database, delivery_id: int, now: datetime) -> Delivery:
    """Undo the cancel of a delivery, in transactions of 2,000 rows; a repeat finishes one cut off.

    It is paused then, or waits for confirmation where it did, or for the rest of its plan. Raises
    Refused for a delivery that was not cancelled.
    """
    while True:
        with ledger.write() as connection:
            found = get_delivery(connection, delivery_id)
            if found.state != "cancelled":
                raise Refused(f"delivery {delivery_id} is {found.state}, not cancelled.")
            mine = message.c.delivery_id == delivery_id
            called_back = (message.c.state == "excluded") & (message.c.reason == "cancelled")
            some = select(message.c.ordinal).where(mine, called_back).limit(SWEEP_ROWS)
            back = {"state": "waiting", "reason": None, "not_before": now, "settled_at": None}
            put_back = update(message).where(mine, called_back, message.c.ordinal.in_(some))
            if connection.execute(put_back.values(**back)).rowcount == SWEEP_ROWS:
                continue
            connection.execute(
                update(delivery)
                .where(delivery.c.id == delivery_id)
                .values(
                    state=_state(found),
                    reason="it was stopped",
                    counts=None,
                    finished_at=None,
                    only_retries_since=None,
                    generation=delivery.c.generation + 1,
                )
            )
            return get_delivery(connection, delivery_id)


def _state(found: Delivery) -> DeliveryState:
    if not found.planned_complete:
        return "planning"
    return "confirming" if found.settings.confirm and found.started_at is None else "paused"
