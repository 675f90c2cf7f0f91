"""End: the path stops here, on purpose."""

from typing import Final, Literal

from pydantic import Field

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.effects import Alert, Effect, Signal
from campanile.activities.options import Options
from campanile.catalog.names import Name


class EndSignal(Options):
    """Starts another campaign, once in an execution."""

    campaign: Name = Field(description="A campaign whose schedule is a signal.")
    with_: dict[Name, str] = Field(
        default={},
        alias="with",
        description="Its parameters; templates. What came in and is declared nowhere goes on too.",
    )


class End(ActivityConfig):
    """A visible end of a path; it may raise an alert, and start another campaign.

    A campaign that is not published then is an error of this activity: publish it, then resume.
    """

    type: Literal["end"] = "end"
    title: str = Field(default="", description="First line of an alert; none when left out.")
    message: str = Field(default="", description="Plain text of the alert; a template.")
    signal: EndSignal | None = Field(
        default=None, description="Another campaign to start; not by a test execution."
    )


def outputs(_: End) -> tuple[str, ...]:
    """Nothing leaves an end."""
    return ()


def end(config: End, _context: ActivityContext) -> Outcome:
    """Return nothing, and the alert if it has a title, and the signal to another campaign."""
    effects: list[Effect] = []
    if config.title:
        effects.append(Alert(title=config.title, message=config.message))
    if config.signal is not None:
        effects.append(Signal(config.signal.campaign, config.signal.with_))
    return Outcome(outputs={}, effects=tuple(effects))


EXAMPLE: Final = """\
gold: {type: build_audience, where: tier = 'gold'}
done: {type: end, from: gold, title: Counted}
"""
ACTIVITY = ActivityType(
    name="end",
    config=End,
    example=EXAMPLE,
    run=end,
    outputs=outputs,
    main_output=False,
    many_inputs=True,
)
