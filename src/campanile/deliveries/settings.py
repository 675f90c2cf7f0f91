"""Delivery settings: what was frozen about a delivery beside its content and its population."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from campanile.deliveries.states import Category, Doubt, TopicDefault


class DeliverySettings(BaseModel):
    """Frozen when the delivery is planned; a later edit of the campaign does not reach it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: str = Field(default="email", description="The channel that consent is asked for.")
    connection: str = Field(description="Name of the provider connection in channels.yaml.")
    sender: str = Field(default="", description="Name of the sender in channels.yaml.")
    return_path: str = Field(
        default="", description="Envelope sender; {token} becomes the message's. Empty: From."
    )
    signing_key: int | None = Field(
        default=None, description="Id of the key that signs its tokens, now and on a resend."
    )
    topic: str | None = Field(default=None, description="Topic that consent is asked for.")
    topic_default: TopicDefault = Field(
        default="opt_out", description="opt_in: needs a yes; opt_out: needs the absence of a no."
    )
    category: Category = Field(default="marketing", description="transactional asks no consent.")
    per: Literal["row", "recipient"] = Field(
        default="recipient", description="row: one message per row, even to one address."
    )
    doubt: Doubt = Field(default="at_least_once", description="What a crash does to a message.")
    rate: float | None = Field(default=None, gt=0, description="Messages a second, all processes.")
    confirm: bool = Field(default=False, description="Wait for a confirmation before sending.")
    settle_seconds: float = Field(
        default=3600, ge=0, description="How long only retries may remain before the path goes on."
    )
