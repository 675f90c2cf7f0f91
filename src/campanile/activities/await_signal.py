"""Await signal: let the rows rest until a program or a person says that they may go on."""

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.times import Duration
from campanile.activities.values import fault
from campanile.activities.wait import EXPIRED, passed_or_expired
from campanile.catalog.names import Name


class AwaitSignal(ActivityConfig):
    """A gate that `campanile signal --for` or the HTTP API opens, in every execution that waits.

    A signal that comes before the path has come here finds nobody, and is refused.
    """

    type: Literal["await_signal"] = "await_signal"
    signal: Name = Field(description="What the sender calls it.")
    within: Duration | None = Field(
        default=None,
        description="Without a signal in this time, the rows leave by `.expired`; for ever.",
    )
    first: bool = Field(
        default=True,
        description="Go on with the first signal; else when `within` is over, if one came.",
    )

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if not self.first and self.within is None:
            fault("await_signal", "`first: false` counts until `within` is over: write it.")
        return self


def outputs(config: AwaitSignal) -> tuple[str, ...]:
    """Those who went on, and where there is a limit, those who waited in vain."""
    return ("", EXPIRED) if config.within is not None else ("",)


def await_signal(config: AwaitSignal, context: ActivityContext) -> Outcome:
    """Return the rows of the input, once the gate is open: in one output, never in both."""
    return passed_or_expired(outputs(config), context)


EXAMPLE: Final = """\
gold: {type: build_audience, where: tier = 'gold'}
stocked: {type: await_signal, from: gold, signal: in_stock, within: 14 days}
offer: {type: email, from: stocked, template: welcome/offer, topic: offers}
tell: {type: alert, from: stocked.expired, title: Nothing came in}
"""
ACTIVITY = ActivityType(
    name="await_signal",
    config=AwaitSignal,
    example=EXAMPLE,
    run=await_signal,
    outputs=outputs,
    gate=True,
    own_outputs=(EXPIRED,),
)
