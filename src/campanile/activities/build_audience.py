"""Build an audience: the rows of a targeting dimension that a rule selects."""

from typing import Final, Literal

from pydantic import Field

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext, starting_dimension
from campanile.activities.rule_values import Rule
from campanile.catalog.names import Name


class BuildAudience(ActivityConfig):
    """The people (or contracts …) of a dimension for whom `where` holds."""

    type: Literal["build_audience"] = "build_audience"
    dimension: Name | None = Field(
        default=None, description="Targeting dimension; the campaign's when left out."
    )
    where: Rule | None = Field(default=None, description="Who; everybody when left out.")


def build_audience(config: BuildAudience, context: ActivityContext) -> Outcome:
    """Return the keys of the rows for which `config.where` holds."""
    dimension = starting_dimension(context, config.dimension)
    everybody = context.entity(dimension)
    found = everybody
    if config.where is not None:
        found = everybody.where(config.where, context.scope(None, dimension))
    return Outcome(outputs={"": found.select(everybody.key)})


EXAMPLE: Final = """\
lapsed:
  type: build_audience
  where:
    - exists(orders)
    - not exists(orders, placed_at >= days_ago(180))
"""
ACTIVITY = ActivityType(
    name="build_audience", config=BuildAudience, example=EXAMPLE, run=build_audience, starts=True
)
