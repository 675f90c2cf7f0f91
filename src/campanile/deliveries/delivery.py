"""A delivery: one channel activity of one execution, frozen content and a planned population."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from campanile.deliveries.settings import DeliverySettings
from campanile.deliveries.states import SENDABLE, DeliveryState, Mode


@dataclass(frozen=True)
class NewDelivery:
    """What is frozen when a delivery is planned; `content` is the compiled content as JSON text.

    `content_date` is the Date of every message: a resend must not differ from the first.
    """

    campaign: str
    version: int
    execution_id: int
    execution_key: str
    activity: str
    mode: Mode
    content: str
    settings: DeliverySettings
    content_date: datetime
    send_after: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Delivery:
    """A delivery as the ledger has it; `counts` are filled in when it is settled."""

    id: int
    campaign: str
    version: int
    execution_id: int
    execution_key: str
    activity: str
    mode: Mode
    state: DeliveryState
    reason: str | None
    content_digest: str
    settings: DeliverySettings
    generation: int
    slice: int
    slice_attempt: int
    planned: int
    planned_complete: bool
    counts: Mapping[str, int] | None
    errors_accepted: bool
    content_date: datetime
    send_after: datetime | None
    expires_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    only_retries_since: datetime | None
    finished_at: datetime | None

    @property
    def may_be_sent(self) -> bool:
        """Whether its state allows claims; the clock, consent and the halt have a word too."""
        return self.mode == "live" and self.planned_complete and self.state in SENDABLE

    @property
    def waits_for(self) -> str:
        """One sentence: what has to happen before this delivery goes on."""
        if self.mode == "test":
            return "nothing: this is a test, no message leaves"
        sentences: dict[DeliveryState, str] = {
            "planning": "the plan to be complete",
            "confirming": "somebody to confirm it: campanile confirm",
            "paused": f"somebody to resume it, after: {self.reason or 'pause'}",
            "settled": "nothing: every message is final",
            "cancelled": "nothing: it was cancelled",
        }
        if self.state in sentences:
            return sentences[self.state]
        if self.send_after is not None and self.started_at is None:
            return f"its time, {self.send_after:%Y-%m-%d %H:%M} UTC"
        return "its messages to be sent"


@dataclass(frozen=True)
class Due:
    """A delivery that a send run should be started for; `run_key` makes the same ask one run."""

    delivery_id: int
    campaign: str
    execution_key: str
    activity: str
    slice: int
    attempt: int
    why: str

    @property
    def run_key(self) -> str:
        """Equal for the same slice and attempt, so that asking twice starts one run."""
        return f"delivery-{self.delivery_id}-{self.slice}-{self.attempt}"


@dataclass(frozen=True)
class Cancelled:
    """What a cancel found: `already_out` were sent, `in_flight` cannot be called back any more."""

    already_out: int
    in_flight: int
    uncertain: int
    called_back: int
