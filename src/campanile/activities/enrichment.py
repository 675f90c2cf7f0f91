"""Enrichment: add attributes, aggregates and collected lines as columns; drop columns."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.lines import Lines, collect_lines
from campanile.activities.links import (
    EnrichmentLink,
    checked_links,
    counts_of,
    faults_of,
    found_column,
    link_rows,
)
from campanile.activities.options import RuleSite
from campanile.activities.parts import stage_name
from campanile.activities.rule_values import Expression
from campanile.catalog.names import ColumnName, Name
from campanile.errors import DefinitionError, in_option, located
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value
from campanile.relations.scope import Scope
from campanile.relations.types import Type
from campanile.relations.values import Compiled


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
    links: dict[Name, EnrichmentLink] = Field(
        default={}, description="Further links, by the alias that `add` knows them by."
    )

    def rules(self) -> Iterator[RuleSite]:
        """Find the rules of new columns; one may read those before it, and the links."""
        earlier = list(self.add)
        for site in super().rules():
            before = earlier[: earlier.index(str(site.path[1]))] if site.path[0] == "add" else []
            added = _reads(str(site.written), [*before, *self.links])
            yield replace(site, reads_added=added)

    def links_from(self) -> Mapping[tuple[str | int, ...], str]:
        """The transitions that links lead to."""
        return {
            ("links", alias, "from"): link.from_
            for alias, link in self.links.items()
            if link.from_ is not None
        }


def enrich(config: Enrichment, context: ActivityContext) -> Outcome:
    """Return each row of the input once, with the columns of `add` and without those of `drop`.

    A column of `add` may read those written before it, and the links by their aliases. Dropping
    collected lines drops their values too; the key cannot be dropped.
    """
    source = context.inputs[0]
    scope = context.scope(source.relation, source.dimension)
    linked = link_rows(config.links, context, source.relation, scope)
    rows = linked.rows.derive(linked.partners()) if linked.checked else linked.rows
    for added in _rounds(config.add):
        if isinstance(added, tuple):
            alias, lines = added
            with located(f"column '{alias}'"), in_option("add", alias):
                rows = collect_lines(rows, alias, lines, linked.scope)
        else:
            rows = rows.derive(_compiled(added, linked.scope.over(rows.schema, rows.source)))
    with in_option("drop"):
        kept = rows.drop(_dropped(config, rows)).schema
    final = [name for name in kept if not name.startswith("__")]
    if not linked.checked:
        return Outcome(outputs={"": rows.select(final) if list(rows.schema) != final else rows})
    return _counted(config, context, rows, final)


def _counted(
    config: Enrichment, context: ActivityContext, rows: Relation, final: list[str]
) -> Outcome:
    """The rows from a stage that knows too how many partners each link has found."""
    stage = rows.select([*final, *(found_column(alias) for alias in checked_links(config.links))])
    table = Relation.table(stage_name(context.activity), stage.schema, stage.key)
    return Outcome(
        outputs={"": table.select(final)},
        stage=stage,
        counts={"": counts_of(config.links, table)},
        faults=faults_of(config.links),
    )


def _compiled(added: Mapping[str, str], scope: Scope) -> dict[str, Compiled]:
    found = {}
    for alias, text in added.items():
        with in_option("add", alias):
            found[alias] = compile_value(text, scope, windows=True)
    return found


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
