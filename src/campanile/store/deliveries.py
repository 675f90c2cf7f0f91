"""Deliveries in the ledger: made once per execution and activity, and moved from state to state."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, literal, select, update

from campanile.deliveries.account import Account
from campanile.deliveries.delivery import Cancelled, Delivery, NewDelivery
from campanile.deliveries.settings import DeliverySettings
from campanile.deliveries.states import DeliveryState
from campanile.errors import Refused
from campanile.store.accounts import count_account
from campanile.store.database import Database, Instant
from campanile.store.ledger_tables import delivery, delivery_content, message
from campanile.store.upserts import insert_into

SWEEP_ROWS = 2_000
_COLUMNS = tuple(delivery.c[field.name] for field in fields(Delivery))
_BY_ID = select(*_COLUMNS).where(delivery.c.id == bindparam("wanted"))
_UNFINISHED: tuple[DeliveryState, ...] = ("planning", "planned", "confirming", "sending", "paused")


class Deliveries:
    """Repository of deliveries; every change of state is one transaction."""

    def __init__(self, ledger: Database) -> None:
        self._ledger = ledger

    def create(self, new: NewDelivery, now: datetime) -> Delivery:
        """Make the delivery of an execution's activity, or return the one that is there already.

        The first content and settings stay: a repeat of the plan cannot change what was frozen.
        """
        digest = blake2b(new.content.encode(), digest_size=32).hexdigest()
        with self._ledger.write() as connection:
            connection.execute(
                insert_into(connection, delivery_content)
                .values(digest=digest, content=new.content)
                .on_conflict_do_nothing()
            )
            connection.execute(
                insert_into(connection, delivery)
                .values(
                    campaign=new.campaign,
                    version=new.version,
                    execution_id=new.execution_id,
                    execution_key=new.execution_key,
                    activity=new.activity,
                    mode=new.mode,
                    state="planning",
                    content_digest=digest,
                    settings=new.settings.model_dump(mode="json"),
                    content_date=new.content_date,
                    send_after=new.send_after,
                    expires_at=new.expires_at,
                    created_at=now,
                )
                .on_conflict_do_nothing()
            )
            found = connection.execute(_one(new.campaign, new.execution_id, new.activity)).one()
        return read_delivery(found)

    def get(self, delivery_id: int) -> Delivery:
        """The delivery of that id; raises Refused when there is none."""
        with self._ledger.read() as connection:
            return get_delivery(connection, delivery_id)

    def find(self, campaign: str, execution_id: int, activity: str) -> Delivery | None:
        """The delivery of an execution's channel activity, once its plan has begun."""
        with self._ledger.read() as connection:
            found = connection.execute(_one(campaign, execution_id, activity)).one_or_none()
        return None if found is None else read_delivery(found)

    def of_execution(self, execution_id: int) -> list[Delivery]:
        """All deliveries of one execution, oldest first."""
        query = select(*_COLUMNS).where(delivery.c.execution_id == execution_id)
        with self._ledger.read() as connection:
            return [read_delivery(row) for row in connection.execute(query.order_by(delivery.c.id))]

    def unfinished(self) -> list[Delivery]:
        """All deliveries that may still change without a new plan, oldest first."""
        query = select(*_COLUMNS).where(delivery.c.state.in_(_UNFINISHED)).order_by(delivery.c.id)
        with self._ledger.read() as connection:
            return [read_delivery(row) for row in connection.execute(query)]

    def content(self, delivery_id: int) -> str:
        """The frozen compiled content, as the JSON text that was given to `create`."""
        query = (
            select(delivery_content.c.content)
            .join(delivery, delivery.c.content_digest == delivery_content.c.digest)
            .where(delivery.c.id == delivery_id)
        )
        with self._ledger.read() as connection:
            return str(connection.execute(query).scalar_one())

    def account(self, delivery_id: int) -> Account:
        """Every bucket counted from its own rows, in one consistent read."""
        with self._ledger.read() as connection:
            return count_account(connection, delivery_id)

    def confirm(self, delivery_id: int) -> Delivery:
        """Let a delivery that waits for confirmation go; Refused in any other state."""
        return self._move(delivery_id, ("confirming",), "planned", None, "confirmed")

    def pause(self, delivery_id: int, reason: str) -> Delivery:
        """Stop claiming; what a process holds and has not begun goes back within a second."""
        allowed: tuple[DeliveryState, ...] = ("planned", "sending", "confirming")
        return self._move(delivery_id, allowed, "paused", reason, "paused")

    def resume(self, delivery_id: int) -> Delivery:
        """Go on after a pause; whoever resumes has accepted its rendering errors."""
        with self._ledger.write() as connection:
            found = get_delivery(connection, delivery_id)
            _require(found, ("paused",), "resumed")
            state: DeliveryState = "sending" if found.started_at else "planned"
            connection.execute(
                update(delivery)
                .where(delivery.c.id == delivery_id)
                .values(
                    state=state,
                    reason=None,
                    errors_accepted=True,
                    generation=delivery.c.generation + 1,
                )
            )
            return get_delivery(connection, delivery_id)

    def cancel(self, delivery_id: int, now: datetime) -> Cancelled:
        """Stop for good, and say how many messages were already out.

        Waiting messages become excluded ("cancelled") in transactions of 2,000 rows; repeating the
        call finishes a sweep that was cut off. What is in flight settles by itself.
        """
        with self._ledger.write() as connection:
            found = get_delivery(connection, delivery_id)
            if found.state != "cancelled":
                _require(found, _UNFINISHED, "cancelled")
                connection.execute(_to_state(delivery_id, "cancelled", "cancelled", now))
        called_back = 0
        while True:
            with self._ledger.write() as connection:
                swept = sweep_waiting(connection, delivery_id, "cancelled", now, SWEEP_ROWS)
            called_back += swept
            if swept < SWEEP_ROWS:
                break
        account = self.account(delivery_id)
        return Cancelled(account.sent, account.in_flight, account.uncertain, called_back)

    def _move(
        self,
        delivery_id: int,
        allowed: Iterable[DeliveryState],
        state: DeliveryState,
        reason: str | None,
        verb: str,
    ) -> Delivery:
        with self._ledger.write() as connection:
            _require(get_delivery(connection, delivery_id), allowed, verb)
            connection.execute(_to_state(delivery_id, state, reason))
            return get_delivery(connection, delivery_id)


def get_delivery(connection: Connection, delivery_id: int) -> Delivery:
    """The delivery of that id, within a transaction; raises Refused when there is none."""
    found = connection.execute(_BY_ID, {"wanted": delivery_id}).one_or_none()
    if found is None:
        raise Refused(f"There is no delivery {delivery_id}.", remedy="See: campanile account")
    return read_delivery(found)


def select_deliveries() -> Select[Any]:
    """A query for deliveries whose rows `read_delivery` understands."""
    return select(*_COLUMNS)


def read_delivery(row: Row[Any]) -> Delivery:
    """Turn a row of the table into the domain's word."""
    values = dict(row._mapping)
    values["settings"] = DeliverySettings.model_validate(values["settings"])
    return Delivery(**values)


def sweep_waiting(
    connection: Connection, delivery_id: int, reason: str, now: datetime, limit: int
) -> int:
    """Exclude up to `limit` waiting messages for `reason`; returns how many."""
    waiting = (
        select(message.c.ordinal)
        .where(message.c.delivery_id == delivery_id, message.c.state == "waiting")
        .limit(limit)
    )
    swept = connection.execute(
        update(message)
        .where(
            message.c.delivery_id == delivery_id,
            message.c.state == "waiting",
            message.c.ordinal.in_(waiting),
        )
        .values(state="excluded", reason=reason, not_before=None, settled_at=now)
    )
    return swept.rowcount


def pause_in(connection: Connection, delivery_id: int, reason: str) -> bool:
    """Pause a delivery that is being sent, within a transaction; False if it was not."""
    changed = connection.execute(
        _to_state(delivery_id, "paused", reason).where(delivery.c.state.in_(("planned", "sending")))
    )
    return changed.rowcount == 1


def _one(campaign: str, execution_id: int, activity: str) -> Any:
    return select(*_COLUMNS).where(
        delivery.c.campaign == campaign,
        delivery.c.execution_id == execution_id,
        delivery.c.activity == activity,
    )


def _to_state(
    delivery_id: int, state: DeliveryState, reason: str | None, finished_at: datetime | None = None
) -> Any:
    return (
        update(delivery)
        .where(delivery.c.id == delivery_id)
        .values(
            state=state,
            reason=reason,
            generation=delivery.c.generation + 1,
            finished_at=func.coalesce(literal(finished_at, Instant()), delivery.c.finished_at),
        )
    )


def _require(found: Delivery, allowed: Iterable[DeliveryState], verb: str) -> None:
    if found.state not in tuple(allowed):
        raise Refused(
            f"Delivery {found.id} of campaign '{found.campaign}', activity '{found.activity}',"
            f" cannot be {verb}: it is {found.state} and waits for {found.waits_for}."
        )
