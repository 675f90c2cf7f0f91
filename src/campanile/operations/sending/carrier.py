"""A carrier: one connection to the provider, and the thread that keeps it busy."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from campanile.channels.base import Channel, Outgoing, Verdict
from campanile.deliveries.messages import Reply
from campanile.errors import (
    ConfigurationError,
    EngineError,
    PermanentDeliveryError,
    TransientDeliveryError,
)
from campanile.operations.sending.failpoints import Failpoints
from campanile.operations.sending.guard import Guard
from campanile.operations.sending.journal import Journal
from campanile.operations.sending.outbox import Outbox
from campanile.operations.sending.shelf import Held, Shelf

_WAIT_SECONDS: Final = 0.1
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0


class Trouble:
    """Whether the provider can be reached, as all connections of this process see it."""

    def __init__(self) -> None:
        self.note: str | None = None
        self.refusal: str | None = None
        self.broken: str | None = None
        self._pause = _FIRST_PAUSE
        self._until = float("-inf")

    @property
    def is_any(self) -> bool:
        """Whether taking another message in hand makes no sense now."""
        return self.is_waiting or self.refusal is not None or self.broken is not None

    @property
    def is_waiting(self) -> bool:
        """Whether another try to connect would be too early."""
        return time.monotonic() < self._until

    def unreachable(self, error: TransientDeliveryError) -> None:
        """No connection could be had: wait, each time twice as long."""
        if not self.is_waiting:
            self._until = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        self.note = str(error)

    def refused(self, error: ConfigurationError) -> None:
        """The provider does not want us: no try will help."""
        self.refusal = str(error)

    def over(self) -> None:
        """A message was answered, so all is well."""
        self._pause = _FIRST_PAUSE


@dataclass(frozen=True)
class Carriage:
    """What all carriers of a process share."""

    channel: Channel
    outbox: Outbox
    shelf: Shelf
    guard: Guard
    journal: Journal
    failpoints: Failpoints
    trouble: Trouble
    clock: Callable[[], datetime]


class Carrier:
    """Takes messages from the shelf, and writes down each answer before anything else."""

    def __init__(self, carriage: Carriage) -> None:
        self._all = carriage
        self._in_hand: dict[int, Held] = {}

    def start(self, name: str) -> None:
        """Run in a thread of its own until the shelf is closed."""
        threading.Thread(target=self.run, name=name, daemon=True).start()

    def run(self) -> None:
        """Send until the shelf is closed."""
        session = self._all.channel.open()
        while self._all.shelf.wait_for_work(self._all.clock(), _WAIT_SECONDS):
            if self._all.trouble.is_any or not self._all.guard.may_take():
                time.sleep(_WAIT_SECONDS)  # the main thread is about to take the work away
                continue
            try:
                session.send_many(self._items(), before_body=self._before_body, done=self._done)
            except TransientDeliveryError as error:
                self._all.trouble.unreachable(error)
            except ConfigurationError as error:
                self._all.trouble.refused(error)
            except EngineError as error:
                # Nothing can be written down, so nothing may be sent: what is in hand is in doubt.
                self._all.trouble.broken = str(error)
                return
        session.close()

    def _items(self) -> Iterator[Outgoing]:
        shelf, guard, trouble = self._all.shelf, self._all.guard, self._all.trouble
        while guard.may_take() and not trouble.is_any:
            held = shelf.take(self._all.clock())
            if held is None:
                return
            try:
                outgoing = self._all.outbox.make(held.claimed)
            except PermanentDeliveryError as error:
                self._answer(held, _unsendable(held, error))
                continue
            self._all.failpoints.reach("rendered")
            self._in_hand[outgoing.ordinal] = held
            yield outgoing

    def _before_body(self, outgoing: Outgoing) -> bool:
        held = self._in_hand[outgoing.ordinal]
        if not self._all.guard.may_begin(held):
            return False
        self._all.journal.intend(held.claimed.ordinal, held.claimed.attempt)
        self._all.failpoints.reach("intended")
        return True

    def _done(self, outgoing: Outgoing, verdict: Verdict) -> None:
        self._all.failpoints.reach("answered")
        held = self._in_hand.pop(outgoing.ordinal)
        self._answer(held, _reply(held, verdict))
        if verdict.code:
            self._all.trouble.over()

    def _answer(self, held: Held, reply: Reply) -> None:
        self._all.journal.answer(reply)
        self._all.failpoints.reach("journaled")
        self._all.shelf.finish(held, reply)


def _reply(held: Held, verdict: Verdict) -> Reply:
    return Reply(
        held.claimed.ordinal,
        held.claimed.attempt,
        verdict.status.value,
        verdict.code,
        verdict.enhanced,
        verdict.text,
        verdict.suppress,
        verdict.pause,
    )


def _unsendable(held: Held, error: PermanentDeliveryError) -> Reply:
    is_address = error.enhanced.startswith("5.1.")
    return Reply(
        ordinal=held.claimed.ordinal,
        attempt=held.claimed.attempt,
        status="rejected" if is_address else "unrenderable",
        code=error.code,
        enhanced=error.enhanced,
        text=error.message,
    )
