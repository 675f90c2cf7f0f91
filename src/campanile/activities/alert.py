"""Alert: tell the campaign's supervisors and subscribers that the path came here."""

from typing import Final, Literal

from pydantic import Field

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.effects import Alert
from campanile.activities.values import Text


class AlertActivity(ActivityConfig):
    """A plain message to people who run the campaign: `campanile status` shows it for a week.

    The rows pass on. A test execution, and a path that is not reached, tell nobody.
    """

    type: Literal["alert"] = "alert"
    title: Text = Field(description="The first line.")
    message: str = Field(default="", description="Plain text; a template.")


def alert(config: AlertActivity, context: ActivityContext) -> Outcome:
    """Return the rows of the input, and the alert, which an unreached path does not raise."""
    return Outcome(
        outputs={"": context.inputs[0].relation},
        effects=(Alert(title=config.title, message=config.message),),
    )


EXAMPLE: Final = """\
gold: {type: build_audience, where: tier = 'gold'}
size: {type: test, from: gold, conditions: {many: count() > 10000}, default: few}
tell: {type: alert, from: size.many, title: Many gold customers, message: Is the rule right?}
"""
ACTIVITY = ActivityType(
    name="alert", config=AlertActivity, example=EXAMPLE, run=alert, passes_on=True
)
