"""The guard: whether a message may still leave, asked before each body."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from campanile.errors import EngineError
from campanile.operations.sending.shelf import Held
from campanile.store.consents import withdrawn_since
from campanile.store.database import Database
from campanile.store.deliveries import get_delivery
from campanile.store.sending import read_control

POLL_SECONDS: Final = 0.5
_BLIND_SECONDS: Final = 1.5  # without a look at the ledger for so long, nothing leaves


class Guard:
    """Looks at halt, delivery and withdrawn consent twice a second, in a thread of its own.

    A process also stops by itself when its lease could have ended: `renewed` says when that is.
    """

    def __init__(
        self,
        ledger: Database,
        delivery_id: int,
        identity: str,
        held: Callable[[], Sequence[Held]],
    ) -> None:
        self._ledger = ledger
        self._delivery_id = delivery_id
        self._identity = identity
        self._held = held
        self._seen_at = float("-inf")
        self._lease_until = float("-inf")
        self._withdrawals = 0
        self._is_over = threading.Event()
        self.generation = 0
        self.refusal: str | None = None

    def start(self) -> None:
        """Look once, then go on looking."""
        self.look()
        threading.Thread(target=self._keep_looking, name="guard", daemon=True).start()

    def stop(self) -> None:
        """Stop looking."""
        self._is_over.set()

    def renewed(self, seconds: float) -> None:
        """The lease was prolonged: for so many seconds nobody else takes these messages."""
        self._lease_until = time.monotonic() + seconds

    def may_begin(self, held: Held) -> bool:
        """Whether this message's body may leave now."""
        now = time.monotonic()
        return (
            self.refusal is None
            and held.generation >= self.generation
            and not held.is_withdrawn
            and held.withdrawals >= self._withdrawals
            and now < self._seen_at + _BLIND_SECONDS
            and now < self._lease_until
        )

    def may_take(self) -> bool:
        """Whether it makes sense to take another message in hand."""
        now = time.monotonic()
        return (
            self.refusal is None
            and now < self._seen_at + _BLIND_SECONDS
            and now < self._lease_until
        )

    def look(self) -> None:
        """Read the ledger once, and mark what is held."""
        seen_at = time.monotonic()
        with self._ledger.read() as connection:
            control = read_control(connection)
            found = get_delivery(connection, self._delivery_id)
            refusal = control.refusal(self._identity)
            if refusal is None and not found.may_be_sent:
                refusal = f"the delivery is {found.state} and waits for {found.waits_for}"
            if control.generation > self._withdrawals:
                held = self._held()
                since = min((one.withdrawals for one in held), default=0)
                hashes = list({one.claimed.address_hash for one in held})
                gone = withdrawn_since(connection, found.settings, hashes, since)
                _mark(held, gone, control.generation)
        self.generation = found.generation
        self._withdrawals = control.generation
        self.refusal = refusal
        self._seen_at = seen_at

    def _keep_looking(self) -> None:
        while not self._is_over.wait(POLL_SECONDS):
            with suppress(SQLAlchemyError, EngineError):  # blind for a moment: then nothing leaves
                self.look()


def _mark(held: Sequence[Held], gone: set[bytes], generation: int) -> None:
    for one in held:
        if one.claimed.address_hash in gone:
            one.is_withdrawn = True
        else:
            one.withdrawals = max(one.withdrawals, generation)
