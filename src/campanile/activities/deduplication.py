"""Deduplication: keep one row of those that are equal, and on demand hand on the others."""

from typing import Literal

from pydantic import Field

from campanile.activities.base import ActivityConfig, ActivityContext, ActivityType, Outcome
from campanile.catalog.names import Name
from campanile.activities.values import Count, Expression, SortList
from campanile.errors import Refused


class Deduplication(ActivityConfig):
    """Rows with equal `by` are one; `order` says which of them stays."""

    type: Literal["deduplication"] = "deduplication"
    by: tuple[Expression, ...] = Field(
        min_length=1,
        description="What makes rows duplicates; a row with an empty value is nobody's duplicate.",
    )
    keep: Count = Field(default=1, description="How many of equal rows stay; 0 keeps all.")
    order: SortList = Field(
        default=(), description="Which rows stay first; by chance when left out."
    )
    complement: Name | None = Field(default=None, description="Name of the output of duplicates.")


def outputs(config: Deduplication) -> tuple[str, ...]:
    """The rows that stay, and the duplicates where they have a name."""
    return ("", config.complement) if config.complement else ("",)


def deduplicate(config: Deduplication, context: ActivityContext) -> Outcome:
    """Return the first rows of each group of equals; each row lands in exactly one output."""
    raise Refused("deduplication is not built yet.")


ACTIVITY = ActivityType(
    name="deduplication", config=Deduplication, run=deduplicate, outputs=outputs
)
