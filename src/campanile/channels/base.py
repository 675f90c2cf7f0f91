"""What a send loop asks of a channel: one connection per thread, and a verdict for each message."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple, Protocol


class Status(StrEnum):
    """What became of one attempt to hand over a message."""

    ACCEPTED = "accepted"  # the provider took responsibility
    DEFERRED = "deferred"  # not taken; another attempt may work
    REJECTED = "rejected"  # not taken; another attempt will not work
    UNKNOWN = "unknown"  # the body was sent, at least partly, and no answer came: in doubt
    CANCELLED = "cancelled"  # the check before the body said no; nothing of the body was sent
    NOT_SENT = "not_sent"  # not begun: the connection ended before its turn; no attempt was spent


class Outgoing(NamedTuple):
    """One message on its way: envelope addresses (empty sender = bounce) and the complete body.

    `body` has CRLF line ends. `is_dot_safe` promises that it ends with one and that no line begins
    with a dot, as compiled content does: the sender then need not look (a seventh of its time).
    """

    ordinal: int
    mail_from: str
    rcpt: str
    body: bytes
    is_dot_safe: bool = False


class Verdict(NamedTuple):
    """The outcome of one attempt; `text` holds no address.

    `code` is the reply code (0 when there was no reply) and `enhanced` the code of RFC 3463.
    `suppress`: never write to this address again. `pause`: our reputation is at stake, so stop.
    """

    status: Status
    code: int = 0
    enhanced: str = ""
    text: str = ""
    suppress: bool = False
    pause: bool = False


BeforeBody = Callable[[Outgoing], bool]
Done = Callable[[Outgoing, Verdict], None]


class Session(Protocol):
    """One thread's way to the provider; opened lazily, reopened when it is lost."""

    def send_many(self, items: Iterator[Outgoing], *, before_body: BeforeBody, done: Done) -> None:
        """Send `items`, and call `done` exactly once for each that was taken from the iterator.

        `before_body` is asked immediately before the body leaves; False cancels that message. It
        may be asked twice for one message and must answer the second time as truly as the first.
        Raises TransientDeliveryError or ConfigurationError when no connection can be had; what was
        taken by then has been reported as `not_sent`, and the rest was not taken.
        """

    def close(self) -> None:
        """End the session; it may be used again."""


class Channel(Protocol):
    """A provider: how many sessions it may have at a time, and how to open one."""

    @property
    def connections(self) -> int:
        """How many sessions one process may use at a time."""

    def open(self) -> Session:
        """Return a session for one thread."""
