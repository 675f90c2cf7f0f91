"""Approval policies: which campaigns are published only after somebody else agreed."""

from datetime import timedelta
from decimal import Decimal
from typing import Final, Self

from pydantic import Field, model_validator

from campanile.activities import activity_type
from campanile.activities.amounts import Size, SizeOption
from campanile.activities.asked import Needs, PeopleNames, Reminders, require_reminders
from campanile.activities.options import Options
from campanile.activities.times import Duration
from campanile.activities.values import fault
from campanile.campaigns.connections import Positive
from campanile.campaigns.definition import Campaign

_CHANNELS: Final = ("email", "sms", "push", "direct_mail", "webhook")


class ApprovalPolicy(Options):
    """Who approves which publications; of the conditions all that are written must hold.

    A policy without a condition is for every campaign.
    """

    by: PeopleNames = Field(min_length=1, description="Groups or people who may approve.")
    needs: Needs = Field(
        default="first",
        description="`first`: one answer decides. `all`: everybody in `by` approves (one of a "
        "group is enough), and one refusal decides at once.",
    )
    tags: tuple[str, ...] = Field(default=(), description="For campaigns with one of these tags.")
    channels: tuple[str, ...] = Field(
        default=(), description="For campaigns with a message of one of these channels."
    )
    transactional: bool = Field(
        default=False, description="For campaigns with a transactional message."
    )
    more_than: Positive | None = Field(
        default=None, description="For campaigns whose first messages reach more people than this."
    )
    within: Duration = Field(
        default=timedelta(days=3), description="From the submission; then it is draft again."
    )
    remind: Reminders = Field(
        default=(), description="How long before that those asked are reminded, by mail."
    )
    own: bool = Field(
        default=False,
        description="Whether who wrote or submitted the version may approve it as well.",
    )
    may_grow: SizeOption = Field(
        default=Size(Decimal(10), "percent"),
        description="How much more people than were approved may be reached when it is published.",
    )

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        for name in ("within", "may_grow"):
            if "param." in str(getattr(self, name)):
                fault("parameter", "a project has no parameters.", name)
        if self.may_grow.unit == "percent_of_matched":
            fault("size", "write a number of people, or a bare percentage.", "may_grow")
        require_reminders(self.remind, self.within)
        for name in self.channels:
            if name not in _CHANNELS:
                fault("channel", f"`{name}` is no channel: {', '.join(_CHANNELS)}.", "channels")
        return self

    def concerns(self, campaign: Campaign) -> bool:
        """Whether a campaign fits all conditions but the number of people."""
        kinds = {activity_type(one.type).channel for one in campaign.activities.values()}
        asked = {getattr(one, "category", "") for one in campaign.activities.values()}
        return (
            (not self.tags or not set(self.tags).isdisjoint(campaign.tags))
            and (not self.channels or not kinds.isdisjoint(self.channels))
            and (not self.transactional or "transactional" in asked)
        )

    def is_outgrown(self, approved: int, now: int) -> bool:
        """Whether more people than tolerated have come since the approval."""
        amount = Decimal(str(self.may_grow.amount))
        more = approved * amount / 100 if self.may_grow.unit == "percent" else amount
        return now > approved + more
