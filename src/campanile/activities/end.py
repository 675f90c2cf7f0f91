"""End: the path stops here, on purpose."""

from typing import Final, Literal

from pydantic import Field

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.effects import Alert
from campanile.activities.values import NotBuilt


class End(ActivityConfig):
    """A visible end of a path; with a `title` it also raises an alert."""

    type: Literal["end"] = "end"
    title: str = Field(default="", description="First line of an alert; none when left out.")
    message: str = Field(default="", description="Plain text of the alert; a template.")
    signal: NotBuilt = None


def outputs(_: End) -> tuple[str, ...]:
    """Nothing leaves an end."""
    return ()


def end(config: End, _context: ActivityContext) -> Outcome:
    """Return nothing, and the alert if it has a title."""
    alert = Alert(title=config.title, message=config.message)
    return Outcome(outputs={}, effects=(alert,) if config.title else ())


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
