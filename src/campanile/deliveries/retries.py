"""Retries: when a message that was put off is tried again, and when it is too old for that."""

from collections.abc import Callable
from datetime import datetime, timedelta

DELAYS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
)
VALIDITY = timedelta(hours=84)
_SHORTEST = timedelta(seconds=5)


def next_attempt(
    tries: int,
    *,
    now: datetime,
    first_tried_at: datetime,
    expires_at: datetime | None,
    chance: Callable[[], float],
) -> datetime | None:
    """When to try again after the `tries`-th put-off (counted from 1), or None if it is too late.

    Full jitter: anywhere between 5 seconds and the delay of that try, so that a provider which
    put thousands off at once does not meet them again at once. `chance` gives a number in 0..1.
    """
    delay = DELAYS[min(tries, len(DELAYS)) - 1]
    at = now + max(_SHORTEST, delay * chance())
    last = first_tried_at + VALIDITY
    if expires_at is not None:
        last = min(last, expires_at)
    return at if at <= last else None
