"""The control of sending: armed or not, halted or not, and whether this store is an old copy."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from campanile.store.database import Database
from campanile.store.ledger_tables import sending_control
from campanile.store.upserts import insert_into

_ONE = 1
_BLANK: dict[str, Any] = {
    "id": _ONE,
    "armed": False,
    "halted": False,
    "identity": "",
    "reason": "sending was never armed here",
    "generation": 0,
    "sequence": 0,
    "epoch": 0,
}


_STATE = select(
    sending_control.c.armed,
    sending_control.c.halted,
    sending_control.c.identity,
    sending_control.c.reason,
    sending_control.c.generation,
    sending_control.c.sequence,
    sending_control.c.changed_at,
)
_LOCKED = _STATE.with_for_update()


@dataclass(frozen=True)
class SendingState:
    """The control row; `sequence` counts messages ever claimed, `generation` changes of consent."""

    armed: bool
    halted: bool
    identity: str
    reason: str | None
    generation: int
    sequence: int
    changed_at: datetime | None

    def refusal(self, identity: str) -> str | None:
        """Why nothing may be sent from the environment `identity` now, or None."""
        if self.halted:
            return f"sending is halted ({self.reason or 'by hand'}); go on with: campanile arm"
        if self.armed and self.identity != identity:
            return (
                f"this store was armed for the environment '{self.identity}', and this is"
                f" '{identity}'; if it is a copy, leave it; if it has moved: campanile arm"
            )
        if not self.armed:
            return f"sending is not armed ({self.reason or 'a new store'}); allow it: campanile arm"
        return None


class SendingControl:
    """Repository of the one row above every lease."""

    def __init__(self, ledger: Database) -> None:
        self._ledger = ledger

    def state(self) -> SendingState:
        """The state now."""
        with self._ledger.read() as connection:
            return read_control(connection)

    def adopt(self, identity: str, now: datetime) -> bool:
        """Arm a store that was never anybody's; False if it has a past and is armed by hand."""
        before = self.state()
        if before.identity or before.sequence:
            return False
        fresh = {**_BLANK, "armed": True, "identity": identity, "reason": None, "changed_at": now}
        with self._ledger.write() as connection:
            insert = insert_into(connection, sending_control).values(**fresh)
            made = connection.execute(
                insert.on_conflict_do_update(
                    index_elements=[sending_control.c.id],
                    set_={"armed": True, "identity": identity, "reason": None, "changed_at": now},
                    where=(sending_control.c.identity == "") & (sending_control.c.sequence == 0),
                )
            )
            return made.rowcount == 1

    def halt(self, reason: str, now: datetime) -> None:
        """Stop every send within two seconds, above every lease."""
        self._set(now, halted=True, reason=reason)

    def disarm(self, reason: str, now: datetime) -> None:
        """Forbid sending until somebody has looked and armed it again."""
        self._set(now, armed=False, reason=reason)

    def arm(self, identity: str, now: datetime, *, known_sequence: int = 0) -> int:
        """Allow sending from `identity`, and lift a halt; returns the gap.

        `known_sequence` is what the file outside the database says. The gap is how many messages at
        least were claimed after this copy of the store was made: they may be sent a second time.
        """
        with self._ledger.write() as connection:
            before = read_control(connection, lock=True)
            connection.execute(
                update(sending_control).values(
                    armed=True,
                    halted=False,
                    identity=identity,
                    reason=None,
                    sequence=max(before.sequence, known_sequence),
                    changed_at=now,
                )
            )
        return max(0, known_sequence - before.sequence)

    def _set(self, now: datetime, **values: Any) -> None:
        with self._ledger.write() as connection:
            _require_row(connection)
            connection.execute(update(sending_control).values(changed_at=now, **values))


def read_control(connection: Connection, *, lock: bool = False) -> SendingState:
    """The control row within a transaction; `lock` holds it until commit."""
    if lock:
        _require_row(connection)
    found = connection.execute(_LOCKED if lock else _STATE).one_or_none()
    if found is None:
        return SendingState(False, False, "", _BLANK["reason"], 0, 0, None)
    return SendingState(*found)


def raise_generation(connection: Connection) -> int:
    """Count one more change of consent; holds the control row until commit, so order is time."""
    _require_row(connection)
    return _raise(connection, "generation", 1)


def raise_sequence(connection: Connection, claimed: int) -> int:
    """Count claimed messages; returns the sequence that this transaction will commit."""
    return _raise(connection, "sequence", claimed)


def raise_epoch(connection: Connection) -> int:
    """A number that no lease had before."""
    _require_row(connection)
    return _raise(connection, "epoch", 1)


def _raise(connection: Connection, name: str, by: int) -> int:
    column = sending_control.c[name]
    raised = connection.execute(
        update(sending_control).values({name: column + by}).returning(column)
    )
    return int(raised.scalar_one())


def _require_row(connection: Connection) -> None:
    connection.execute(
        insert_into(connection, sending_control).values(**_BLANK).on_conflict_do_nothing()
    )
