"""Due deliveries: what the clock should start a send run for, and when a delivery has settled."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, or_, select, update

from campanile.deliveries.delivery import Delivery, Due
from campanile.deliveries.states import SENDABLE
from campanile.store.accounts import count_account
from campanile.store.database import Database
from campanile.store.deliveries import get_delivery, read_delivery, select_deliveries
from campanile.store.leases import Lease, Leases
from campanile.store.ledger_tables import delivery, message
from campanile.store.sending import read_control


class DueDeliveries:
    """Answers the clock's two questions: what is due, and what has settled."""

    def __init__(self, ledger: Database) -> None:
        self._ledger = ledger

    def due(
        self,
        identity: str,
        now: datetime,
        is_alive: Callable[[Lease], bool] | None = None,
    ) -> list[Due]:
        """Deliveries with due messages or a dead process, and no live send run.

        `is_alive` looks at a lease more closely than its time does (a lock file on this host).
        Nothing is due while sending is halted or not armed for `identity`.
        """
        alive = is_alive or (lambda lease: lease.lease_until > now)
        leases: dict[int, list[Lease]] = {}
        for lease in Leases(self._ledger).all():
            leases.setdefault(lease.delivery_id, []).append(lease)
        running = {id for id, held in leases.items() if any(map(alive, held))}
        with self._ledger.read() as connection:
            if read_control(connection).refusal(identity):
                return []
            wanted = dict.fromkeys(set(leases) - running, "a sending process has died")
            waiting = _with_due_messages(connection, now) - running
            wanted |= dict.fromkeys(waiting, "messages are due")
            query = select_deliveries().where(delivery.c.id.in_(wanted)).order_by(delivery.c.id)
            found = [read_delivery(row) for row in connection.execute(query)]
        return [_due(one, wanted[one.id]) for one in found]

    def begin_slice(self, delivery_id: int) -> int:
        """Count a send run that has begun; the next one asked for gets another run key."""
        return self._raise(delivery_id, slice=delivery.c.slice + 1, slice_attempt=0)

    def ask_again(self, delivery_id: int) -> int:
        """Make a new run key after a send run that was asked for did not begin."""
        return self._raise(delivery_id, slice_attempt=delivery.c.slice_attempt + 1)

    def has_settled(self, delivery_id: int, now: datetime) -> bool:
        """Whether the path may go on: every message is final, or only retries remain long enough.

        Marks the delivery settled, with its counts, once every message is final; retries that
        outlive `settle_seconds` go on being sent and stay in the account.
        """
        with self._ledger.write() as connection:
            found = get_delivery(connection, delivery_id)
            if found.state in ("settled", "cancelled"):
                return not _any(connection, delivery_id, message.c.state == "in_flight")
            if not found.planned_complete or found.state in ("planning", "confirming"):
                return False
            if not _any(connection, delivery_id, message.c.state.in_(("waiting", "in_flight"))):
                _mark_settled(connection, found, now)
                return True
            return _only_retries(connection, found, now)

    def _raise(self, delivery_id: int, **values: object) -> int:
        with self._ledger.write() as connection:
            return int(
                connection.execute(
                    update(delivery)
                    .where(delivery.c.id == delivery_id)
                    .values(**values)
                    .returning(delivery.c.slice)
                ).scalar_one()
            )


def _with_due_messages(connection: Connection, now: datetime) -> set[int]:
    waiting = (message.c.delivery_id == delivery.c.id) & (message.c.state == "waiting")
    is_due = select(message.c.ordinal).where(waiting, message.c.not_before <= now).exists()
    waits = select(message.c.ordinal).where(waiting).exists()
    query = select(delivery.c.id).where(
        delivery.c.mode == "live",
        delivery.c.planned_complete,
        delivery.c.state.in_(SENDABLE),
        or_(is_due, and_(delivery.c.expires_at <= now, waits)),
    )
    return set(connection.execute(query).scalars())


def _only_retries(connection: Connection, found: Delivery, now: datetime) -> bool:
    untried = or_(
        and_(message.c.state == "waiting", message.c.tries == 0, message.c.doubts == 0),
        and_(message.c.state == "in_flight", message.c.tries == 0, message.c.doubts == 0),
    )
    if found.state == "paused" or _any(connection, found.id, untried):
        return False
    if found.only_retries_since is None:
        connection.execute(
            update(delivery).where(delivery.c.id == found.id).values(only_retries_since=now)
        )
    since = found.only_retries_since or now
    return now - since >= timedelta(seconds=found.settings.settle_seconds)


def _mark_settled(connection: Connection, found: Delivery, now: datetime) -> None:
    account = count_account(connection, found.id)
    counts = {
        "planned": account.planned,
        "sent": account.sent,
        "failed": account.failed_total,
        "excluded": account.excluded_total,
        "uncertain": account.uncertain,
        "doubts": account.doubts,
    }
    connection.execute(
        update(delivery)
        .where(delivery.c.id == found.id)
        .values(state="settled", finished_at=now, counts=counts)
    )


def _any(connection: Connection, delivery_id: int, condition: object) -> bool:
    query = (
        select(message.c.ordinal).where(message.c.delivery_id == delivery_id, condition).limit(1)  # type: ignore[arg-type]
    )
    return connection.execute(query).first() is not None


def _due(found: Delivery, why: str) -> Due:
    return Due(
        delivery_id=found.id,
        campaign=found.campaign,
        execution_key=found.execution_key,
        activity=found.activity,
        slice=found.slice,
        attempt=found.slice_attempt,
        why=why,
    )
