"""Incoming: the rows that started the execution, new people of feedback or keys of a signal."""

from typing import Final, Literal

from pydantic import Field
from sqlglot import exp

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext, starting_dimension
from campanile.catalog.names import Name


class Incoming(ActivityConfig):
    """The rows handed over by the schedule."""

    type: Literal["incoming"] = "incoming"
    dimension: Name | None = Field(
        default=None, description="Targeting dimension; the campaign's when left out."
    )


def incoming(config: Incoming, context: ActivityContext) -> Outcome:
    """Return the rows that started the execution; none when nothing was handed over."""
    if context.incoming is not None:
        return Outcome(outputs={"": context.incoming})
    everybody = context.entity(starting_dimension(context, config.dimension))
    return Outcome(outputs={"": everybody.filter(exp.false()).select(everybody.key)})


EXAMPLE: Final = """\
clickers: {type: incoming}
with_address: {type: filter, from: clickers, where: not is_empty(email)}
"""
ACTIVITY = ActivityType(
    name="incoming", config=Incoming, example=EXAMPLE, run=incoming, starts=True
)
