"""Messages on their way: who is planned, what a process holds, and what a channel said about it.

What is made once or more for each message is a named tuple: it is four times quicker to make.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from campanile.deliveries.states import MessageState

ReplyStatus = Literal[
    "accepted", "deferred", "rejected", "unknown", "cancelled", "not_sent", "unrenderable"
]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One row of the population as the plan hands it over, in a repeatable order.

    `person` and `row_key` are the text forms of primary keys. `excluded` names the reason of a row
    that is planned only to be counted (`control`, `holdout`).
    """

    person: str
    row_key: str
    address: str | None
    fields: Mapping[str, Any] = field(default_factory=dict)
    language: str | None = None
    variant: str | None = None
    not_before: datetime | None = None
    excluded: str | None = None


class Claimed(NamedTuple):
    """A message that one process holds; `send_at` is its place when the delivery is paced."""

    ordinal: int
    attempt: int
    address: str
    address_hash: bytes
    fields: str
    language: str | None
    variant: str | None
    tries: int
    doubts: int
    first_tried_at: datetime
    send_at: datetime


class Reply(NamedTuple):
    """What became of one claimed message.

    `cancelled` and `not_sent` were never handed over and go back; `unknown` was handed over and not
    answered; `unrenderable` never had a body. `suppress`: the address is dead; `pause`: it is us.
    """

    ordinal: int
    attempt: int
    status: ReplyStatus
    code: int = 0
    enhanced: str = ""
    text: str = ""
    suppress: bool = False
    pause: bool = False


class Settlement(NamedTuple):
    """The row that a reply leaves in the ledger; `in_doubt`: it may have been sent nevertheless."""

    ordinal: int
    attempt: int
    state: MessageState
    tries: int
    doubts: int
    reason: str | None = None
    not_before: datetime | None = None
    code: int | None = None
    enhanced: str | None = None
    detail: str | None = None
    in_doubt: bool = False
    suppress: bool = False
    pause: bool = False
