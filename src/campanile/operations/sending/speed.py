"""Speed: how many messages a process sends a second at present, and so how many it may hold."""

from typing import Final

from campanile.store.claims import MOST_CLAIMED

_WEIGHT: Final = 0.5
_SHORTEST: Final = 0.05
_MOST_HELD: Final = 4 * MOST_CLAIMED  # so that claims are full ones at several thousand a second


class Speed:
    """A moving average of answered messages; never holds more than one second of them."""

    def __init__(self, connections: int) -> None:
        self._rate = float(connections)
        self._answered = 0
        self._since: float | None = None

    def answered(self, count: int, now: float) -> None:
        """Count answers that came until `now` (monotonic seconds)."""
        self._answered += count
        if self._since is None:
            self._since = now
            self._rate = max(self._rate, float(count))
            self._answered = 0
            return
        elapsed = now - self._since
        if elapsed < _SHORTEST:
            return
        rate = self._answered / elapsed
        self._rate += _WEIGHT * (rate - self._rate)
        self._answered, self._since = 0, now

    @property
    def a_second(self) -> int:
        """How many messages leave within a second, between 1 and 2,000."""
        return max(1, min(int(self._rate), _MOST_HELD))
