"""Enrichment: add attributes, aggregates and collected lines as columns; drop columns."""

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from campanile.activities.base import (
    ActivityConfig,
    ActivityContext,
    ActivityType,
    Options,
    Outcome,
)
from campanile.activities.values import Count, Expression, NotBuilt, Rule, SortList
from campanile.catalog.names import ColumnName
from campanile.errors import Refused


class Lines(Options):
    """The first `take` rows of a many-link, collected in one column."""

    linked: ClassVar[bool] = True

    lines: Expression = Field(description="The many-link whose rows are collected.")
    take: Count = Field(default=3, description="How many rows at most.")
    columns: dict[ColumnName, Expression] = Field(
        min_length=1, description="What is kept of each row: name and value."
    )
    where: Rule | None = Field(default=None, description="Which linked rows count.")
    order: SortList = Field(default=(), description="Which linked rows come first.")


def _kind_of_column(written: Any) -> str:
    return "collected lines" if isinstance(written, dict | Lines) else "an expression"


NewColumn: TypeAlias = Annotated[
    Annotated[Lines, Tag("collected lines")] | Annotated[Expression, Tag("an expression")],
    Discriminator(_kind_of_column),
]


class Enrichment(ActivityConfig):
    """The same rows with more columns, or fewer."""

    type: Literal["enrichment"] = "enrichment"
    add: dict[ColumnName, NewColumn] = Field(
        default={}, description="New columns: name and value, or collected `lines`."
    )
    drop: tuple[ColumnName, ...] = Field(default=(), description="Columns that end here.")
    links: NotBuilt = None


def enrich(config: Enrichment, context: ActivityContext) -> Outcome:
    """Return each row of the input once, with the columns of `add` and without those of `drop`."""
    raise Refused("enrichment is not built yet.")


ACTIVITY = ActivityType(name="enrichment", config=Enrichment, run=enrich)
