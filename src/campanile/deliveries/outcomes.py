"""Outcomes: from what a channel answered to the state that a message is left in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from campanile.deliveries.messages import Reply, Settlement
from campanile.deliveries.retries import next_attempt
from campanile.deliveries.states import Doubt

_LONGEST_DETAIL = 200


class Held(Protocol):
    """What must be known of a held message to settle it."""

    @property
    def tries(self) -> int: ...  # noqa: D102
    @property
    def doubts(self) -> int: ...  # noqa: D102
    @property
    def first_tried_at(self) -> datetime: ...  # noqa: D102


@dataclass(frozen=True)
class Outcomes:
    """Decides outcomes for one delivery; `chance` gives the jitter of retries, in 0..1."""

    doubt: Doubt
    expires_at: datetime | None
    chance: Callable[[], float]

    def settle(self, reply: Reply, held: Held, now: datetime) -> Settlement:
        """Turn one reply into the row it leaves; pure but for `chance`."""
        match reply.status:
            case "accepted":
                return _final(reply, held, "sent", None)
            case "unrenderable":
                return _final(reply, held, "failed", "render")
            case "rejected" if reply.pause and held.tries == 0:
                # The refusal is about us, not about them: they get one more chance after the pause.
                return _back(reply, held, tries=1, not_before=now)
            case "rejected":
                return _final(reply, held, "failed", "rejected")
            case "deferred":
                return self._put_off(reply, held, now)
            case "unknown":
                return self._in_doubt(reply, held, now)
            case _:
                return _back(reply, held, tries=held.tries, not_before=now)

    def _put_off(self, reply: Reply, held: Held, now: datetime) -> Settlement:
        again = self._again(held, now)
        if again is None:
            return _final(reply, held, "failed", "retries_exhausted")
        return _back(reply, held, tries=held.tries + 1, not_before=again)

    def _in_doubt(self, reply: Reply, held: Held, now: datetime) -> Settlement:
        again = self._again(held, now) if self.doubt == "at_least_once" else None
        if again is None:
            return _final(reply, held, "uncertain", "no_answer")
        back = _back(reply, held, tries=held.tries + 1, not_before=again)
        return back._replace(doubts=held.doubts + 1, in_doubt=True)

    def _again(self, held: Held, now: datetime) -> datetime | None:
        return next_attempt(
            held.tries + 1,
            now=now,
            first_tried_at=held.first_tried_at,
            expires_at=self.expires_at,
            chance=self.chance,
        )


def _final(reply: Reply, held: Held, state: str, reason: str | None) -> Settlement:
    return Settlement(
        ordinal=reply.ordinal,
        attempt=reply.attempt,
        state=state,  # type: ignore[arg-type]
        reason=reason,
        tries=held.tries,
        doubts=held.doubts,
        code=reply.code or None,
        enhanced=reply.enhanced or None,
        detail=_detail(reply) if state != "sent" else None,
        suppress=reply.suppress,
        pause=reply.pause,
    )


def _back(reply: Reply, held: Held, *, tries: int, not_before: datetime) -> Settlement:
    return Settlement(
        ordinal=reply.ordinal,
        attempt=reply.attempt,
        state="waiting",
        tries=tries,
        doubts=held.doubts,
        not_before=not_before,
        code=reply.code or None,
        enhanced=reply.enhanced or None,
        detail=_detail(reply),
        pause=reply.pause,
    )


def _detail(reply: Reply) -> str | None:
    return reply.text[:_LONGEST_DETAIL] or None
