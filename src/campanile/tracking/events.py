"""What may happen to a message after it was sent, and what a raw event keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """The words for feedback, the same for all channels and providers."""

    OPENED = "opened"  # the pixel was asked for; by whom, the classifier says
    CLICKED = "clicked"  # a link of the mail was followed
    UNSUBSCRIBED = "unsubscribed"  # an opt-out by link, button, header or reply
    DELIVERED = "delivered"  # the provider reports that the mailbox took it
    BOUNCED = "bounced"  # the provider or a later server gave it back
    COMPLAINED = "complained"  # the recipient called it spam


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event as it came, kept for ever unchanged; labels are computed from it when asked.

    `link` is the number of a clicked link, `headers` what the classifier reads (user_agent,
    purpose, method), `event_id` the provider's id, by which a repeated webhook is recognised.
    """

    kind: EventKind
    delivery: int
    ordinal: int
    at: datetime
    link: int | None = None
    method: str = "GET"
    user_agent: str = ""
    purpose: str = ""
    event_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
