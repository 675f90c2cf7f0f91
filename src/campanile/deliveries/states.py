"""The states of a delivery and of a message, and the words for why a message is where it is."""

from typing import Literal

MessageState = Literal["waiting", "in_flight", "sent", "failed", "excluded", "uncertain"]
DeliveryState = Literal[
    "planning", "planned", "confirming", "sending", "paused", "settled", "cancelled"
]
Mode = Literal["live", "test"]
Doubt = Literal["at_least_once", "at_most_once"]
Category = Literal["marketing", "transactional"]
TopicDefault = Literal["opt_in", "opt_out"]

MESSAGE_STATES: tuple[MessageState, ...] = (
    "waiting",
    "in_flight",
    "sent",
    "failed",
    "excluded",
    "uncertain",
)
# A claim is allowed in these; all other states say who or what must act first.
SENDABLE: tuple[DeliveryState, ...] = ("planned", "sending")

# Why a message was left out, in the order in which the questions are asked.
EXCLUSIONS: dict[str, str] = {
    "control": "in a control group",
    "holdout": "held out, so that the effect can be measured",
    "no_address": "has no address for this channel",
    "invalid_address": "has an address that cannot exist",
    "duplicate": "another row of this delivery has the same address",
    "suppressed": "the address bounced, complained or was suppressed by hand",
    "no_consent": "did not agree to this topic on this channel",
    "opt_out": "withdrew consent between plan and sending",
    "expired": "the offer ended before the message could be sent",
    "cancelled": "the delivery was cancelled first",
}
# Why a message failed.
FAILURES: dict[str, str] = {
    "rejected": "the provider refused it for good",
    "render": "its content could not be made from this row",
    "retries_exhausted": "the provider kept asking to try later until the message was too old",
    "given_up": "it was uncertain, and somebody decided not to send it again",
}
# Why a message is uncertain.
DOUBTS: dict[str, str] = {
    "no_answer": "the connection broke after the text was handed over",
    "crash": "the sending process ended before it could note the answer",
}
REASONS: dict[str, str] = {**EXCLUSIONS, **FAILURES, **DOUBTS}
