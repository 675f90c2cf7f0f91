"""Links of one enrichment: ways from its rows to an entity, or to those of a transition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Self

from pydantic import Field, model_validator
from sqlglot import exp

from campanile.activities.context import ActivityContext, Input
from campanile.activities.matches import MatchOptions, require_one_way, side_of_entity
from campanile.activities.parts import computed, number_of
from campanile.activities.values import Text, fault
from campanile.catalog.names import Name
from campanile.errors import DefinitionError, in_option
from campanile.relations.matching import PARTNERS, Match, Side
from campanile.relations.parse import did_you_mean
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value
from campanile.relations.scope import EntityTable, Link, Scope
from campanile.relations.sql import ROW, case, coalesce, column, constant
from campanile.relations.types import Type
from campanile.relations.values import Compiled

_REMEDIES: Final = {
    "none": "The link says `one`; their values are empty. Say `cardinality: optional` if that may"
    " be.",
    "several": "Their values are empty, because none of several is meant. Match by more, or say"
    " `cardinality: many`.",
}


class EnrichmentLink(MatchOptions):
    """A link that only this activity knows, by its alias."""

    entity: Name | None = Field(default=None, description="The entity it leads to.")
    from_: Text | None = Field(
        default=None, alias="from", description="Or the transition whose rows it leads to."
    )
    cardinality: Literal["one", "optional", "many"] = Field(
        default="one",
        description="How many rows it finds: exactly one, at most one, or any number. What is found"
        " against that is counted, and gives no value.",
    )

    @model_validator(mode="after")
    def _leads_to_one_thing(self) -> Self:
        if (self.entity is None) == (self.from_ is None):
            fault("link", "a link leads to an `entity`, or to rows `from` a transition.", "entity")
        require_one_way(self)
        return self


@dataclass(frozen=True)
class Linked:
    """Rows with what their links start at, and the scope that knows the links by their aliases.

    `checked` are the aliases that find at most one row.
    """

    rows: Relation
    scope: Scope
    checked: tuple[str, ...] = ()

    def partners(self) -> dict[str, Compiled]:
        """For each link that finds at most one row: how many it did find."""
        own = self.scope.over(self.rows.schema, self.rows.source)
        return {
            found_column(alias): compile_value(f"{alias}.{PARTNERS}", own) for alias in self.checked
        }


def link_rows(
    links: Mapping[str, EnrichmentLink], context: ActivityContext, rows: Relation, scope: Scope
) -> Linked:
    """Tie `rows` to the target of each link; raises DefinitionError about the option it is in."""
    known = scope.entity or EntityTable("row", "", {}, ())
    linked = Linked(rows, scope)
    for alias, link in links.items():
        with in_option("links", alias):
            _require_free(alias, rows, known)
            linked = _with_link(linked, alias, link, context)
    return linked


def counts_of(links: Mapping[str, EnrichmentLink], table: Relation) -> Relation:
    """How many rows found none, and how many several, where a link must find one."""
    counted: dict[str, Compiled] = {}
    for alias in checked_links(links):
        found = coalesce(column(found_column(alias), ROW), constant(0, Type.INTEGER))
        none = exp.EQ(this=found, expression=constant(0, Type.INTEGER))
        several = exp.GT(this=found.copy(), expression=constant(1, Type.INTEGER))
        counted |= {f"{alias}: none": number_of(none), f"{alias}: several": number_of(several)}
    return table.aggregate([], counted)


def faults_of(links: Mapping[str, EnrichmentLink]) -> dict[str, str]:
    """What to do about what `counts_of` finds."""
    found = {f"{alias}: several": _REMEDIES["several"] for alias in checked_links(links)}
    must = [alias for alias in checked_links(links) if links[alias].cardinality == "one"]
    return found | {f"{alias}: none": _REMEDIES["none"] for alias in must}


def checked_links(links: Mapping[str, EnrichmentLink]) -> list[str]:
    """The aliases that find at most one row."""
    return [alias for alias, link in links.items() if link.cardinality != "many"]


def found_column(alias: str) -> str:
    """The column with the number of rows that a link has found."""
    return f"__{alias}_found"


def _require_free(alias: str, rows: Relation, entity: EntityTable) -> None:
    if alias in rows.schema or alias in entity.schema or alias in entity.links:
        raise DefinitionError(
            f"'{alias}' is a column, an attribute or a link already.",
            remedy="Give the link another name.",
            code="duplicate_column",
        )


def _with_link(
    linked: Linked, alias: str, link: EnrichmentLink, context: ActivityContext
) -> Linked:
    target = _target(link, context, linked.scope)
    match = link.find(Side(linked.rows, linked.scope), target, f"__{alias}_")
    many = link.cardinality == "many"
    found = match.pairs if many else _at_most_one(match, target)
    entity = target.scope.entity
    table = EntityTable(
        name=alias,
        table=f"link__{alias}",
        schema=found.schema,
        key=target.rows.key,
        links=entity.links if entity else {},
        enums=entity.enums if entity else {},
        query=found.query,
    )
    way = Link(alias, table.table, tuple((n, n) for n in match.ids), many, of_rows=True)
    checked = linked.checked if many else (*linked.checked, alias)
    return Linked(match.rows, _scope_with(linked.scope, way, table), checked)


def _scope_with(scope: Scope, way: Link, table: EntityTable) -> Scope:
    """The scope with one more link of its rows; rows that stand for nothing have links too."""
    own = scope.entity or EntityTable("row", "", {}, ())
    return replace(
        scope,
        entity=replace(own, links={**own.links, way.name: way}),
        entities={**scope.entities, table.table: table},
        messages=scope.messages if own.table else None,
    )


def _target(link: EnrichmentLink, context: ActivityContext, scope: Scope) -> Side:
    if link.from_ is not None:
        return _rows_of(context.linked[link.from_], context)
    assert link.entity is not None
    with in_option("entity"):
        entities = context.catalog.entities
        known = [name for name, each in entities.items() if each.source.kind != "feedback"]
        if link.entity not in known:
            raise DefinitionError(
                f"There is no entity '{link.entity}' to link to.",
                remedy=did_you_mean(link.entity, known),
                code="unknown_entity",
            )
    return side_of_entity(scope, scope.entities[link.entity])


def _rows_of(source: Input, context: ActivityContext) -> Side:
    """The rows of a transition; those of a dimension lead on to its entity, by its name."""
    rows, scope = source.relation, context.scope(source.relation, source.dimension)
    if scope.entity is None:
        return Side(rows, scope)
    entity = scope.entity
    on = tuple((part, part) for part in entity.key)
    way = Link(entity.name, entity.name, on, many=False)
    return Side(rows, replace(scope, entity=replace(entity, links={entity.name: way}, enums={})))


def _at_most_one(match: Match, target: Side) -> Relation:
    """The partner where there is one; where there are several, their number and no values."""
    found = match.one()
    alone = exp.EQ(this=column(PARTNERS, ROW), expression=constant(1, Type.INTEGER))
    values = {
        f"__only_{name}": computed(case([(alone.copy(), column(name, ROW))]), type_)
        for name, type_ in target.rows.schema.items()
    }
    chosen: Sequence[str] = [*match.ids, PARTNERS, *values]
    return found.derive(values).select(chosen).rename({v: v[len("__only_") :] for v in values})
