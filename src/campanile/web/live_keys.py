"""The keys of a service that runs for months: a key that was added meanwhile is taken up."""

import time
from collections.abc import Callable
from typing import Final

from campanile.errors import ConfigurationError, InvalidToken
from campanile.tracking.tokens import KeyRing, Purpose, key_of

_PAUSE_SECONDS: Final = 1.0


class LiveKeys:
    """Verifies as a KeyRing does; asks `read` again when a token names a key it does not know.

    At most once a second, so that forged tokens cost nothing; what cannot be read changes nothing.
    """

    def __init__(
        self, read: Callable[[], KeyRing], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._ring = read()
        self._next = float("-inf")

    def verify(self, purpose: Purpose, token: str) -> tuple[int, int]:
        """Return (delivery, ordinal) of a token; see KeyRing."""
        try:
            return self._ring.verify(purpose, token)
        except InvalidToken:
            if not self._has_news(token):
                raise
        return self._ring.verify(purpose, token)

    def verify_value(self, token: str, number: int, value: str, mac: str) -> None:
        """Raise InvalidToken unless the value belongs to the token; see KeyRing."""
        self._ring.verify_value(token, number, value, mac)  # the token was verified before

    def _has_news(self, token: str) -> bool:
        """Whether the key of `token` is known now and was not before."""
        kid = key_of(token)
        if kid in self._ring or self._clock() < self._next:
            return False
        self._next = self._clock() + _PAUSE_SECONDS
        try:
            self._ring = self._read()
        except ConfigurationError:
            return False
        return kid in self._ring
