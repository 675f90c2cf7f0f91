"""Wait: let the rows rest for a time, or until a date."""

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.times import Duration, MomentOrTime
from campanile.activities.values import NotBuilt, fault


class Wait(ActivityConfig):
    """A gate that opens by the clock: what follows is computed then, on the data of that day."""

    type: Literal["wait"] = "wait"
    for_: Duration | None = Field(default=None, alias="for", description="How long.")
    until: MomentOrTime | None = Field(
        default=None, description="A date and time, or the next time the clock shows this."
    )
    between: NotBuilt = None
    days: NotBuilt = None
    within: NotBuilt = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.for_ is None) == (self.until is None):
            fault("wait", "wait needs either `for` or `until`.")
        return self


def wait(_config: Wait, context: ActivityContext) -> Outcome:
    """Return the rows of the input, once the gate is open."""
    return Outcome(outputs={"": context.inputs[0].relation})


EXAMPLE: Final = """\
gold: {type: build_audience, where: tier = 'gold'}
offer: {type: email, from: gold, template: welcome/offer, topic: offers}
three_days: {type: wait, from: offer, for: 3 days}
"""
ACTIVITY = ActivityType(
    name="wait", config=Wait, example=EXAMPLE, run=wait, gate=True, own_outputs=("expired",)
)
