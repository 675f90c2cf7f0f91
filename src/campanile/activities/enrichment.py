"""Enrichment: add attributes, aggregates and collected lines as columns; drop columns."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from campanile.activities.base import (
    ActivityConfig,
    ActivityContext,
    ActivityType,
    Outcome,
    RuleSite,
)
from campanile.activities.lines import Lines, collect_lines
from campanile.activities.values import Expression, NotBuilt
from campanile.catalog.names import ColumnName
from campanile.errors import DefinitionError, located
from campanile.relations.relation import Relation
from campanile.relations.types import Type


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

    def rules(self) -> Iterator[RuleSite]:
        """Find the rules over the columns of the input; one that reads a new column is not."""
        earlier = list(self.add)
        for site in super().rules():
            before = earlier[: earlier.index(str(site.path[1]))] if site.path[0] == "add" else []
            if not _reads(str(site.written), before):
                yield site


def enrich(config: Enrichment, context: ActivityContext) -> Outcome:
    """Return each row of the input once, with the columns of `add` and without those of `drop`.

    A column of `add` may read those written before it. Dropping collected lines drops their values
    too; the key cannot be dropped.
    """
    source = context.inputs[0]
    rows, scope = source.relation, context.scope(source.relation, source.dimension)
    for added in _rounds(config.add):
        if isinstance(added, tuple):
            alias, lines = added
            with located(f"column '{alias}'"):
                rows = collect_lines(rows, alias, lines, scope)
        else:
            rows = rows.add(added, scope)
    return Outcome(outputs={"": rows.drop(_dropped(config, rows)) if config.drop else rows})


def _rounds(add: Mapping[str, Any]) -> Iterator[dict[str, str] | tuple[str, Lines]]:
    """The columns in turn: texts that do not read one another are added together."""
    together: dict[str, str] = {}
    for alias, written in add.items():
        if isinstance(written, Lines) or _reads(written, together):
            if together:
                yield together
            together = {}
        if isinstance(written, Lines):
            yield alias, written
        else:
            together[alias] = written
    if together:
        yield together


def _reads(text: str, columns: Iterable[str]) -> bool:
    """Whether a text names one of the columns."""
    return not set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text)).isdisjoint(columns)


def _dropped(config: Enrichment, rows: Relation) -> list[str]:
    """The columns to leave out, with the values of dropped lines."""
    for name in config.drop:
        if name in rows.key:
            raise DefinitionError(
                f"Column '{name}' is part of the key and cannot be dropped.",
                remedy="Take it out of `drop`.",
                code="key",
            )
    values = [
        column
        for column in rows.schema
        for name in config.drop
        if rows.schema.get(name) is Type.LINES
        and re.fullmatch(rf"{re.escape(name)}_[1-9][0-9]*_.+", column)
    ]
    return list(dict.fromkeys([*config.drop, *values]))


EXAMPLE: Final = """\
everybody: {type: build_audience}
known:
  type: enrichment
  from: everybody
  add:
    spent: sum(orders.amount, status = 'paid')
    last_orders:
      lines: orders
      take: 3
      order: [placed_at desc]
      columns: {day: placed_at, price: amount}
"""
ACTIVITY = ActivityType(name="enrichment", config=Enrichment, example=EXAMPLE, run=enrich)
