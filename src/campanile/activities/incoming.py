"""Incoming: the rows that started the execution, new people of feedback or keys of a signal."""

from typing import Literal

from pydantic import Field

from campanile.activities.base import ActivityConfig, ActivityContext, ActivityType, Outcome
from campanile.catalog.names import Name
from campanile.errors import Refused


class Incoming(ActivityConfig):
    """The rows handed over by the schedule."""

    type: Literal["incoming"] = "incoming"
    dimension: Name | None = Field(
        default=None, description="Targeting dimension; the campaign's when left out."
    )


def incoming(config: Incoming, context: ActivityContext) -> Outcome:
    """Return the rows that started the execution; none when nothing was handed over."""
    raise Refused("incoming is not built yet.")


ACTIVITY = ActivityType(name="incoming", config=Incoming, run=incoming, starts=True)
