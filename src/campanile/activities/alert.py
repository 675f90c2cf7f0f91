"""Alert: tell the campaign's supervisors and subscribers that the path came here."""

from typing import Literal

from pydantic import Field

from campanile.activities.base import (
    ActivityConfig,
    ActivityContext,
    ActivityType,
    Alert,
    Outcome,
)
from campanile.activities.values import NotBuilt, Text


class AlertActivity(ActivityConfig):
    """A plain message to people who run the campaign; the rows pass on."""

    type: Literal["alert"] = "alert"
    title: Text = Field(description="The first line.")
    message: str = Field(default="", description="Plain text; a template.")
    signal: NotBuilt = None


def alert(config: AlertActivity, context: ActivityContext) -> Outcome:
    """Return the rows of the input, and the alert, which an unreached path does not raise."""
    return Outcome(
        outputs={"": context.inputs[0].relation},
        effects=(Alert(title=config.title, message=config.message),),
    )


ACTIVITY = ActivityType(name="alert", config=AlertActivity, run=alert, passes_on=True)
