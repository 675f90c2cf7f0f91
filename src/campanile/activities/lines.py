"""Collected lines: the first rows of a many-link as one column, and each value as its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field
from sqlglot import exp

from campanile.activities.amounts import Count, Size
from campanile.activities.options import Options
from campanile.activities.parts import computed, sort_columns, within
from campanile.activities.rule_values import Expression, Rule, SortList
from campanile.catalog.names import ColumnName
from campanile.errors import DefinitionError
from campanile.relations.parse import did_you_mean
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_order, compile_value
from campanile.relations.scope import EntityTable, Link, Scope
from campanile.relations.sql import ROW, case, cast, coalesce, column, constant, ordered
from campanile.relations.types import Schema, Type
from campanile.relations.values import Compiled

_LINES, _PLACE = "__lines", "__place"


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


def collect_lines(rows: Relation, alias: str, lines: Lines, scope: Scope) -> Relation:
    """Add the column `alias`, a JSON list of objects, and `alias_1_price` … for every value.

    The primary key of the linked entity ends the order. A row without linked rows has an empty
    list, and NULL in the values. Raises `DefinitionError` when the path does not end in a link to
    many rows, or passes one before.
    """
    assert isinstance(lines.take, int)
    link, target, tied = _tied(rows, lines.lines, scope)
    ties = {right: f"__tie{number}" for number, (_, right) in enumerate(link.on)}
    ranked = _ranked(lines, target, scope, tied.select(list(ties.values())), ties)
    names = {
        f"{alias}_{place}_{name}": (place, f"__column{number}")
        for place in range(1, lines.take + 1)
        for number, name in enumerate(lines.columns)
    }
    values = {name: _value_at(ranked, *where) for name, where in names.items()}
    whole = _as_json(dict(zip(lines.columns, _columns(lines), strict=True)), ranked.schema)
    collected = ranked.aggregate(list(ties), {_LINES: whole, **values})
    found = tied.join_one(
        collected,
        {left: right for right, left in ties.items()},
        {_LINES: _LINES, **{name: name for name in values}},
    )
    nothing = coalesce(column(_LINES, ROW), exp.Literal.string("[]"))
    listed = found.derive({alias: computed(nothing, Type.LINES)})
    return listed.select([*rows.schema, alias, *values])


def _tied(rows: Relation, path: str, scope: Scope) -> tuple[Link, EntityTable, Relation]:
    """The link at the end of `path`, its entity, and the rows with the values it starts from."""
    own = scope.over(rows.schema, rows.source)
    *before, last = path.strip().split(".")
    entity = own.entity
    for name in before:
        step = _link(entity, name, path)
        if step.many:
            raise _refusal(path, f"'{name}' leads to many rows already", entity)
        entity = own.entities[step.target]
    link = _link(entity, last, path)
    if not link.many:
        raise _refusal(path, f"'{last}' leads to one row", entity)
    assert own.entity is not None
    start = [] if own.entity.name in own.entity.links else [own.entity.name]
    values = {
        f"__tie{number}": compile_value(
            f"row.{left}" if link.of_rows else ".".join([*start, *before, left]), own
        )
        for number, (left, _) in enumerate(link.on)
    }
    return link, own.entities[link.target], rows.derive(values)


def _link(entity: EntityTable | None, name: str, path: str) -> Link:
    if entity is None or name not in entity.links:
        raise _refusal(path, f"there is no link '{name}'", entity)
    return entity.links[name]


def _refusal(path: str, reason: str, entity: EntityTable | None) -> DefinitionError:
    many = [link.name for link in entity.links.values() if link.many] if entity else []
    return DefinitionError(
        f"The lines of '{path}' cannot be collected: {reason}.",
        remedy=f"Name a link to many rows. {did_you_mean(path, many)}",
        code="many_link",
    )


def _ranked(
    lines: Lines, target: EntityTable, scope: Scope, tied: Relation, ties: Mapping[str, str]
) -> Relation:
    """The linked rows that count, at most `take` of each group, with their values and places."""
    linked = Relation.of(target)
    own = replace(scope, entity=target, messages=None, recipient=(), column_enums={})
    own = own.over(linked.schema, linked.source)
    if lines.where is not None:
        linked = linked.where(lines.where, own)
    values = dict(
        zip(_columns(lines), (compile_value(v, own) for v in lines.columns.values()), strict=True)
    )
    keys, sorting = sort_columns("__order", compile_order(lines.order, own))
    ranked = linked.semi(tied, ties).derive({**values, **keys})
    ranked = ranked.ranked(_PLACE, list(ties), sorting)
    return ranked.filter(within(_PLACE, Size(int(str(lines.take)), "rows")))


def _columns(lines: Lines) -> Sequence[str]:
    return [f"__column{number}" for number in range(len(lines.columns))]


def _value_at(ranked: Relation, place: int, name: str) -> Compiled:
    """The value of the group's row at `place`."""
    here = exp.EQ(this=column(_PLACE, ROW), expression=constant(place, Type.INTEGER))
    value = exp.Max(this=case([(here, column(name, ROW))]))
    return computed(value, ranked.schema[name])


def _json_value(name: str, schema: Schema) -> exp.Expr:
    """A value as JSON has it; engines write instants in several ways."""
    tree = column(name, ROW)
    return cast(tree, Type.TEXT) if schema[name] in (Type.DATE, Type.TIMESTAMP) else tree


def _as_json(columns: Mapping[str, str], schema: Schema) -> Compiled:
    """The rows of a group as a JSON list of objects, in the order of their places."""
    pairs = [
        exp.JSONKeyValue(this=exp.Literal.string(name), expression=_json_value(source, schema))
        for name, source in columns.items()
    ]
    text = exp.Cast(this=exp.JSONObject(expressions=pairs), to=exp.DataType.build("TEXT"))
    in_order = exp.Order(this=text, expressions=[ordered(column(_PLACE, ROW), False)])
    joined = exp.GroupConcat(this=in_order, separator=exp.Literal.string(","))
    tree = exp.DPipe(this=exp.Literal.string("["), expression=joined, safe=True)
    return computed(exp.DPipe(this=tree, expression=exp.Literal.string("]"), safe=True), Type.LINES)
