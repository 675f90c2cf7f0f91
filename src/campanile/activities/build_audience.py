"""Build an audience: the rows of a targeting dimension that a rule selects."""

from typing import Literal

from pydantic import Field

from campanile.activities.base import ActivityConfig, ActivityContext, ActivityType, Outcome
from campanile.catalog.names import Name
from campanile.activities.values import Rule
from campanile.errors import Refused


class BuildAudience(ActivityConfig):
    """The people (or contracts …) of a dimension for whom `where` holds."""

    type: Literal["build_audience"] = "build_audience"
    dimension: Name | None = Field(
        default=None, description="Targeting dimension; the campaign's when left out."
    )
    where: Rule | None = Field(default=None, description="Who; everybody when left out.")


def build_audience(config: BuildAudience, context: ActivityContext) -> Outcome:
    """Return the keys of the rows for which `config.where` holds."""
    raise Refused("build_audience is not built yet.")


ACTIVITY = ActivityType(
    name="build_audience", config=BuildAudience, run=build_audience, starts=True
)
