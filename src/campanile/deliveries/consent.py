"""Consent: how decisions on a topic and on every topic together allow or forbid a message."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from campanile.deliveries.states import TopicDefault


@dataclass(frozen=True, slots=True)
class Decision:
    """A yes (`in`) or no (`out`), and when it was given."""

    decision: Literal["in", "out"]
    at: datetime


def is_allowed(
    *, on_topic: Decision | None, on_every: Decision | None, default: TopicDefault
) -> bool:
    """Whether a marketing message of the topic may be sent.

    A no to the topic stands whatever was said about every topic. A no to every topic stands unless
    the topic got a strictly later yes. An `opt_in` topic needs a yes, on it or on every topic.
    """
    if on_topic is not None and on_topic.decision == "out":
        return False
    if on_every is not None and on_every.decision == "out":
        return on_topic is not None and on_topic.at > on_every.at
    return default == "opt_out" or on_topic is not None or on_every is not None
