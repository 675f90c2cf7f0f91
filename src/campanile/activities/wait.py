"""Wait: let the rows rest for a time, until a date, or into the hours when somebody is there."""

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.day_rules import Days
from campanile.activities.spans import SpanOption
from campanile.activities.times import Duration, MomentOrTime
from campanile.activities.values import fault

EXPIRED: Final = "expired"  # the outcome, and the output, of a gate that nothing opened in time


class Wait(ActivityConfig):
    """A gate that opens by the clock: what follows is computed then, on the data of that day."""

    type: Literal["wait"] = "wait"
    for_: Duration | None = Field(default=None, alias="for", description="How long.")
    until: MomentOrTime | None = Field(
        default=None, description="A date and time, or the next time the clock shows this."
    )
    between: SpanOption | None = Field(
        default=None, description="Go on within these hours: at once, or when they next begin."
    )
    days: Days = Field(default=(), description="The days that `between` is about; all of them.")
    within: Duration | None = Field(
        default=None,
        description="Where the hours of `between` do not begin in this time, the rows leave by"
        " `.expired` when it is over.",
    )

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if sum(end is not None for end in (self.for_, self.until, self.between)) != 1:
            fault("wait", "wait needs either `for`, `until` or `between`.")
        for option in ("days", "within"):
            if self.between is None and getattr(self, option):
                fault("wait", f"`{option}` goes with `between`.", option)
        return self


def outputs(config: Wait) -> tuple[str, ...]:
    """Those who went on, and where there is a limit, those who waited in vain."""
    return ("", EXPIRED) if config.within is not None else ("",)


def wait(config: Wait, context: ActivityContext) -> Outcome:
    """Return the rows of the input, once the gate is open: in one output, never in both."""
    return passed_or_expired(outputs(config), context)


def passed_or_expired(outputs: tuple[str, ...], context: ActivityContext) -> Outcome:
    """All rows in the output that the gate opened to; the other one is not reached."""
    expired = context.opened == EXPIRED
    return Outcome(
        outputs=dict.fromkeys(outputs, context.inputs[0].relation),
        reached={name: (name == EXPIRED) == expired for name in outputs},
    )


EXAMPLE: Final = """\
gold: {type: build_audience, where: tier = 'gold'}
offer: {type: email, from: gold, template: welcome/offer, topic: offers}
three_days: {type: wait, from: offer, for: 3 days}
office: {type: wait, from: three_days, between: 09:00-18:00, days: weekdays, within: 4 days}
late: {type: end, from: office.expired, title: Nobody was in the office}
"""
ACTIVITY = ActivityType(
    name="wait",
    config=Wait,
    example=EXAMPLE,
    run=wait,
    outputs=outputs,
    gate=True,
    own_outputs=(EXPIRED,),
)
