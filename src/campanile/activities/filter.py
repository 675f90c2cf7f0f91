"""Filter: the rows for which a rule holds, and on demand the others."""

from typing import Literal

from pydantic import Field

from campanile.activities.base import ActivityConfig, ActivityContext, ActivityType, Outcome
from campanile.catalog.names import Name
from campanile.activities.values import Rule
from campanile.errors import Refused


class Filter(ActivityConfig):
    """Keep the rows for which `where` holds."""

    type: Literal["filter"] = "filter"
    where: Rule = Field(description="Which rows stay.")
    complement: Name | None = Field(
        default=None, description="Name of the output with the rows that do not stay."
    )


def outputs(config: Filter) -> tuple[str, ...]:
    """The rows that stay, and the others where they have a name."""
    return ("", config.complement) if config.complement else ("",)


def filter_rows(config: Filter, context: ActivityContext) -> Outcome:
    """Return the rows for which `config.where` holds, and as complement exactly the others."""
    raise Refused("filter is not built yet.")


ACTIVITY = ActivityType(name="filter", config=Filter, run=filter_rows, outputs=outputs)
