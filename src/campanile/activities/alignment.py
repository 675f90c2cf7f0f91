"""Alignment: a set of another dimension brought to the dimension of the primary set."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from campanile.activities.context import ROW_NUMBER, ActivityContext, Input
from campanile.activities.parts import number_of
from campanile.catalog.entities import Catalog, Dimension
from campanile.catalog.link_paths import written_path
from campanile.errors import DefinitionError, in_option
from campanile.relations.matching import Match, Side, find_partners
from campanile.relations.relation import Relation
from campanile.relations.sql import ROW, column, constant
from campanile.relations.types import Type

_WHICH = "__which"


@dataclass(frozen=True)
class Aligned:
    """The rows of the primary dimension that belong to a set, and the set's rows without any."""

    rows: Relation
    lost: Relation


def align(source: Input, way: str | Mapping[str, str], context: ActivityContext) -> Aligned:
    """Bring a set to the dimension of the first input, by a path of links or by a match.

    A row that belongs to several rows of that dimension brings all of them; each comes once, with
    the columns of the first row (by key) that brought it.
    """
    dimension = context.inputs[0].dimension
    if dimension is None:
        raise DefinitionError("The first set stands for nothing yet.", code="dimension")
    everybody = context.entity(dimension)
    target = Side(everybody, context.scope(None, dimension))
    rows = Side(source.relation, context.scope(source.relation, source.dimension))
    with in_option("align", source.transition):
        pairs = _pairs(way, source, dimension, context.catalog) if isinstance(way, str) else way
        match = find_partners(rows, target, pairs)
    return Aligned(_brought(match, source.relation, everybody), _lost(match))


def counts_of(lost: Mapping[str, Relation]) -> Relation:
    """How many rows of each aligned set belong to nobody of the primary dimension."""
    marked = [
        rows.with_constant(_WHICH, number, Type.INTEGER).select([_WHICH])
        for number, rows in enumerate(lost.values())
    ]
    together = marked[0].union(marked[1:])
    return together.aggregate(
        [],
        {
            f"{name}: without a partner": number_of(
                exp.EQ(this=column(_WHICH, ROW), expression=constant(number, Type.INTEGER))
            )
            for number, name in enumerate(lost)
        },
    )


def _pairs(way: str, source: Input, dimension: Dimension, catalog: Catalog) -> dict[str, str]:
    """The last link of a path as equal expressions: what it starts at, over the links before."""
    if source.dimension is None:
        raise DefinitionError(
            f"The rows of '{source.transition}' stand for nothing yet, so they have no links.",
            remedy=f"Match them: `{{expression: expression over {dimension.entity}}}`.",
            code="unknown_link",
        )
    entity = catalog.entities[source.dimension.entity]
    *before, last = written_path(catalog, entity.name, way.strip())
    if last.target != dimension.entity:
        raise DefinitionError(
            f"'{way}' leads to '{last.target}', not to '{dimension.entity}'.", code="unknown_link"
        )
    many = [link.name for link in before if link.many]
    if many:
        raise DefinitionError(
            f"'{many[0]}' leads to many rows before the path ends.",
            remedy="Use `change_dimension` before the combination.",
            code="many_link",
        )
    start = [] if entity.name in entity.links else [entity.name]
    names = [*start, *(link.name for link in before)]
    return {".".join([*names, left]): right for left, right in last.match}


def _brought(match: Match, rows: Relation, everybody: Relation) -> Relation:
    key = {f"__brought_{part}": part for part in everybody.key}
    pairs = replace(match.rows.join_many(match.pairs, match.ids, key, "inner"), key=rows.key)
    ranked = pairs.ranked("__nth", list(key), [])
    first = exp.EQ(this=column("__nth", ROW), expression=constant(1, Type.INTEGER))
    own = [name for name in rows.schema if name not in (*everybody.key, ROW_NUMBER)]
    named = ranked.filter(first).select([*key, *own]).rename(key)
    return replace(named, key=everybody.key)


def _lost(match: Match) -> Relation:
    return match.rows.anti(match.pairs, match.ids)
