"""The shelf: the messages that one process holds, and the answers that the ledger lacks."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campanile.deliveries.messages import Claimed, Reply
from campanile.store.claims import Claim


@dataclass(slots=True, eq=False)
class Held:
    """A claimed message, and what was known of consent and delivery when it was last looked at."""

    claimed: Claimed
    generation: int
    withdrawals: int
    is_withdrawn: bool = False


class Shelf:
    """Shared by the main thread, which fills and empties it, and by the connections' threads.

    `news` is set when the main thread should have a look: little is left, or much is done.
    """

    def __init__(self, batch: int) -> None:
        self.news = threading.Event()
        self._batch = batch
        self._low = 0
        self._work = threading.Condition()
        self._waiting: deque[Held] = deque()
        self._in_hand: set[Held] = set()
        self._done: list[tuple[Reply, Held]] = []
        self._is_closed = False

    def put(self, claim: Claim, *, low: int) -> None:
        """Add what was claimed; ask for more when no more than `low` messages wait."""
        with self._work:
            self._low = low
            self._waiting.extend(
                Held(one, claim.generation, claim.withdrawals) for one in claim.messages
            )
            self._work.notify_all()

    def wait_for_work(self, now: datetime, seconds: float) -> bool:
        """Wait until a message can be taken, at most so long; False when the shelf was closed."""
        with self._work:
            if not self._is_closed and not self._has_work(now):
                self._work.wait(seconds)
            return not self._is_closed

    def take(self, now: datetime) -> Held | None:
        """Take the next message in hand; None when none is due yet."""
        with self._work:
            if not self._has_work(now):
                return None
            held = self._waiting.popleft()
            self._in_hand.add(held)
            if len(self._waiting) == self._low:
                self.news.set()
            return held

    def finish(self, held: Held, reply: Reply) -> None:
        """Put the answer to a message in hand where the main thread collects it."""
        with self._work:
            self._in_hand.discard(held)
            self._done.append((reply, held))
            if len(self._done) >= self._batch or not (self._waiting or self._in_hand):
                self.news.set()

    def drain(self) -> None:
        """Let go of everything that no connection has in hand: it goes back to the ledger."""
        with self._work:
            while self._waiting:
                held = self._waiting.popleft()
                back = Reply(held.claimed.ordinal, held.claimed.attempt, "not_sent")
                self._done.append((back, held))
            self.news.set()

    def collect(self) -> list[tuple[Reply, Held]]:
        """Take at most a batch of answers."""
        with self._work:
            some, self._done = self._done[: self._batch], self._done[self._batch :]
            return some

    def close(self) -> None:
        """Send the connections' threads home."""
        with self._work:
            self._is_closed = True
            self._work.notify_all()

    def held(self) -> Sequence[Held]:
        """Everything that may still be sent."""
        with self._work:
            return [*self._waiting, *self._in_hand]

    @property
    def waiting(self) -> int:
        """How many messages no connection has begun."""
        return len(self._waiting)

    @property
    def in_hand(self) -> int:
        """How many messages connections have taken."""
        return len(self._in_hand)

    @property
    def done(self) -> int:
        """How many answers the ledger has not got."""
        return len(self._done)

    def _has_work(self, now: datetime) -> bool:
        return bool(self._waiting) and self._waiting[0].claimed.send_at <= now
