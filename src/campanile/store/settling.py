"""Settling: verdicts become rows of the ledger, however often and however late they arrive."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from campanile.deliveries.delivery import Delivery
from campanile.deliveries.messages import Settlement
from campanile.store.among import among_numbers
from campanile.store.consents import suppress_in
from campanile.store.database import Database, Instant
from campanile.store.deliveries import get_delivery, pause_in
from campanile.store.ledger_tables import message

_WATCHED = 1_000  # rendering errors are watched among the first so many messages
_TOLERATED = 0.01

_CHANGED = ("state", "reason", "tries", "doubts", "not_before", "code", "enhanced", "detail")
_APPLY = (
    update(message)
    .where(
        message.c.delivery_id == bindparam("delivery"),
        among_numbers(message.c.ordinal, "ordinals"),
        message.c.attempt == bindparam("claim"),
    )
    .values(
        {name: bindparam(f"new_{name}", type_=message.c[name].type) for name in _CHANGED}
        | {"settled_at": bindparam("new_settled_at", type_=Instant()), "epoch": None}
    )
)
_APPLY_HELD = _APPLY.where(message.c.epoch == bindparam("lease"), message.c.state == "in_flight")
_APPLY_LATE = _APPLY.where(message.c.state.in_(("waiting", "uncertain")))


@dataclass(frozen=True)
class Settled:
    """How many verdicts changed a row; the rest had been applied before, or came too late.

    `paused` is the reason when this batch made the delivery pause.
    """

    applied: int
    ignored: int
    paused: str | None = None


def settle_messages(
    ledger: Database,
    delivery_id: int,
    epoch: int,
    settlements: Sequence[Settlement],
    now: datetime,
) -> Settled:
    """Apply a batch (500 at most is wise) in one transaction; repeating it changes nothing.

    A verdict counts for the claim that it belongs to: (delivery, ordinal, attempt, epoch). One
    exception tells the truth: an acceptance that comes after a takeover still makes a message sent
    that waits or is uncertain, so that it is not sent a second time.
    """
    if not settlements:
        return Settled(0, 0)
    with ledger.write() as connection:
        found = get_delivery(connection, delivery_id)
        applied = 0
        for group in _groups(_as_cancelled(found, settlements)):
            applied += _apply(connection, delivery_id, epoch, group, now)
        _suppress(connection, found, settlements, now)
        paused = _reason_to_pause(connection, found, settlements)
        if paused is not None and not pause_in(connection, delivery_id, paused):
            paused = None
    return Settled(applied, len(settlements) - applied, paused)


def _as_cancelled(found: Delivery, settlements: Iterable[Settlement]) -> list[Settlement]:
    """In a cancelled delivery nothing waits: what would go back is excluded, or in doubt."""
    if found.state != "cancelled":
        return list(settlements)
    return [_cancelled(one) if one.state == "waiting" else one for one in settlements]


def _cancelled(one: Settlement) -> Settlement:
    if one.in_doubt:
        return one._replace(state="uncertain", reason="no_answer", not_before=None)
    return one._replace(state="excluded", reason="cancelled", not_before=None)


def _groups(settlements: Iterable[Settlement]) -> Iterable[list[Settlement]]:
    """Settlements that leave the same row but for the ordinal: most of them, so few statements."""
    groups: dict[tuple[object, ...], list[Settlement]] = {}
    for one in settlements:
        row = (one.attempt, one.state, one.reason, one.tries, one.doubts, one.not_before)
        groups.setdefault((*row, one.code, one.enhanced, one.detail), []).append(one)
    return groups.values()


def _apply(
    connection: Connection,
    delivery_id: int,
    epoch: int,
    group: Sequence[Settlement],
    now: datetime,
) -> int:
    one = group[0]
    given = {
        "delivery": delivery_id,
        "ordinals": [each.ordinal for each in group],
        "claim": one.attempt,
        "lease": epoch,
        "new_state": one.state,
        "new_reason": one.reason,
        "new_tries": one.tries,
        "new_doubts": one.doubts,
        "new_not_before": one.not_before,
        "new_code": one.code,
        "new_enhanced": one.enhanced,
        "new_detail": one.detail,
        "new_settled_at": None if one.state == "waiting" else now,
    }
    applied = connection.execute(_APPLY_HELD, given).rowcount
    if applied < len(group) and one.state == "sent":
        applied += connection.execute(_APPLY_LATE, given).rowcount
    return applied


def _suppress(
    connection: Connection, found: Delivery, settlements: Iterable[Settlement], now: datetime
) -> None:
    dead = [one for one in settlements if one.suppress]
    if not dead:
        return
    query = select(message.c.address_hash).where(
        message.c.delivery_id == found.id,
        among_numbers(message.c.ordinal, "ordinals"),
    )
    ordinals = [one.ordinal for one in dead]
    hashes = list(connection.execute(query, {"ordinals": ordinals}).scalars())
    why = f"refused with {dead[0].enhanced or dead[0].code or 'a permanent error'}"
    suppress_in(connection, found.settings.channel, hashes, why, now)


def _reason_to_pause(
    connection: Connection, found: Delivery, settlements: Iterable[Settlement]
) -> str | None:
    unrendered = False
    for one in settlements:
        if one.pause:
            answer = one.enhanced or one.code or "at the login"
            return f"the provider refuses us ({answer}); see: campanile account"
        unrendered = unrendered or one.reason == "render"
    if not unrendered or found.errors_accepted:
        return None
    query = (
        select(message.c.reason, func.count())
        .where(message.c.delivery_id == found.id, message.c.state.in_(("sent", "failed")))
        .group_by(message.c.reason)
    )
    counts: dict[str | None, int] = {row[0]: row[1] for row in connection.execute(query)}
    failed, done = counts.get("render", 0), sum(counts.values())
    tolerated = max(1.0, _TOLERATED * min(_WATCHED, found.planned))
    if done > _WATCHED + 500 or failed <= tolerated:
        return None
    return f"{failed} of the first {done} messages could not be rendered"
