"""Fork: the same rows under several names, for the eye of the reader."""

from typing import Final, Literal

from pydantic import Field

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.catalog.names import Name


class Fork(ActivityConfig):
    """Every output carries all rows. Only for drawing: any output may feed many activities."""

    type: Literal["fork"] = "fork"
    outputs: tuple[Name, ...] = Field(min_length=1, description="Names of the branches.")


def outputs(config: Fork) -> tuple[str, ...]:
    """The branches; there is no main output."""
    return config.outputs


def fork(config: Fork, context: ActivityContext) -> Outcome:
    """Return the rows of the input under every name."""
    rows = context.inputs[0].relation
    return Outcome(outputs=dict.fromkeys(config.outputs, rows))


EXAMPLE: Final = """\
everybody: {type: build_audience}
ways: {type: fork, from: everybody, outputs: [by_mail, by_letter]}
"""
ACTIVITY = ActivityType(
    name="fork", config=Fork, example=EXAMPLE, run=fork, outputs=outputs, main_output=False
)
