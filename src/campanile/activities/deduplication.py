"""Deduplication: keep one row of those that are equal, and on demand hand on the others."""

from typing import Final, Literal

from pydantic import Field
from sqlglot import exp

from campanile.activities.amounts import Count, Size
from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.parts import divide, is_nothing, sort_columns, with_parts, within
from campanile.activities.rule_values import Expression, SortList
from campanile.catalog.names import Name
from campanile.relations.rules import compile_order, compile_value
from campanile.relations.values import Order


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
    """Return the first rows of each group of equals; each row lands in exactly one output.

    A row with an empty value in `config.by` (NULL or a text without characters) always stays.
    """
    assert isinstance(config.keep, int)
    source = context.inputs[0]
    rows, scope = source.relation, context.scope(source.relation, source.dimension)
    groups = [compile_value(text, scope) for text in config.by]
    order = compile_order(config.order, scope) or [Order(rows.hash_value(context.salt))]
    values = {f"__by{number}": group for number, group in enumerate(groups)}
    keys, sorting = sort_columns("__order", order)
    ranked = rows.derive({**values, **keys}).ranked("__place", list(values), sorting)
    alone = [is_nothing(name, value.type) for name, value in values.items()]
    first = within("__place", Size(config.keep, "rows")) if config.keep else exp.true()
    numbered = with_parts(ranked, [exp.or_(*alone, first)], rest=True)
    return divide(context, numbered, outputs(config), list(rows.schema))


EXAMPLE: Final = """\
everybody: {type: build_audience}
one_each:
  type: deduplication
  from: everybody
  by: [lower(email)]
  order: [last_seen desc]
  complement: doubles
"""
ACTIVITY = ActivityType(
    name="deduplication", config=Deduplication, example=EXAMPLE, run=deduplicate, outputs=outputs
)
