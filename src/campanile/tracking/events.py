"""What may happen to a message after it was sent, and what a raw event keeps of it."""

from enum import StrEnum


class EventKind(StrEnum):
    """The words for feedback, the same for all channels and providers."""

    OPENED = "opened"  # the pixel was asked for; by whom, the classifier says
    CLICKED = "clicked"  # a link of the mail was followed
    UNSUBSCRIBED = "unsubscribed"  # an opt-out by link, button, header or reply
    DELIVERED = "delivered"  # the provider reports that the mailbox took it
    BOUNCED = "bounced"  # the provider or a later server gave it back
    COMPLAINED = "complained"  # the recipient called it spam
