"""Collected lines: the first linked rows of each row, as a list for templates and as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from campanile.errors import DefinitionError
from campanile.relations.compiler import Compiler
from campanile.relations.frames import Frame, short_hash
from campanile.relations.joins import Picked, attach
from campanile.relations.linked_rows import Rows, linked_rows
from campanile.relations.parse import parse
from campanile.relations.paths import path_of
from campanile.relations.rules import finished, outermost, split_direction
from campanile.relations.scope import Scope
from campanile.relations.sql import aliased, case, cast, coalesce, column, ordered
from campanile.relations.types import Type
from campanile.relations.values import Compiled, Value

MOST_LINES = 50


@dataclass(frozen=True)
class LinesRequest:
    """`take` rows of a link in an order; `columns` are values of the linked row."""

    link: str
    columns: Mapping[str, str]
    take: int = 3
    where: object = None
    order: Sequence[str] = ()


def compile_lines(alias: str, request: LinesRequest, scope: Scope) -> dict[str, Compiled]:
    """The columns `alias` (JSON text, a list of objects) and `alias_1_name` …, by position.

    A row without linked rows has the list `[]` and empty columns. Equal places in the order are
    told apart by the key of the linked entity.
    """
    if not 1 <= request.take <= MOST_LINES or not request.columns:
        raise DefinitionError(
            f"Lines take 1 to {MOST_LINES} rows and name at least one column.", code="lines"
        )
    compiler, frame = Compiler(scope), outermost(scope)
    rows = _linked(compiler, frame, request.link)
    values = {
        name: compiler.value(parse(text), rows.frame) for name, text in request.columns.items()
    }
    query = _numbered(compiler, rows, values, request)
    if rows.frame.reads_outer:
        raise DefinitionError("Lines cannot read columns of the rows around them.", code="lines")
    grouped = _by_key(query, rows, values, request.take)
    join = f"__p_{short_hash(grouped.sql() + ' '.join(outer.sql() for outer, _ in rows.keys))}"
    frame.join(Picked(join, grouped, tuple(outer for outer, _ in rows.keys)))
    empty = coalesce(column("__list", join), exp.Literal.string("[]"))
    found = {alias: finished(compiler, frame, Value(empty, Type.LINES), Type.LINES, request.link)}
    for place in range(1, request.take + 1):
        for name, value in values.items():
            type_ = value.type or Type.TEXT
            cell = Value(column(f"{name}_{place}", join), type_, enum=value.enum)
            text = f"{request.link}[{place}].{name}"
            found[f"{alias}_{place}_{name}"] = finished(compiler, frame, cell, type_, text)
    return found


def _linked(compiler: Compiler, frame: Frame, link: str) -> Rows:
    node = parse(link)
    path = path_of(node)
    if path is None:
        raise DefinitionError(f"'{link}' is not a link.", code="lines")
    return linked_rows(compiler, frame, path, whole=True, at=node)


def _numbered(
    compiler: Compiler, rows: Rows, values: Mapping[str, Value], request: LinesRequest
) -> exp.Select:
    """The linked rows with their key, values and place in the order."""
    assert rows.frame.entity is not None
    order = []
    for item in request.order:
        text, descending = split_direction(item)
        order.append(ordered(compiler.value(parse(text), rows.frame).exact, descending))
    order += [ordered(column(part, rows.frame.alias), False) for part in rows.frame.entity.key]
    condition = compiler.tree(request.where, rows.frame).tree if request.where is not None else None
    query = attach(rows.chain.copy(), rows.frame.joins)
    for position, (_, inner) in enumerate(rows.keys):
        query = query.select(exp.alias_(inner.copy(), f"__k{position}", quoted=True), copy=False)
    for name, value in values.items():
        query = query.select(exp.alias_(value.exact, name, quoted=True), copy=False)
    window = exp.Window(
        this=exp.RowNumber(),
        partition_by=[inner.copy() for _, inner in rows.keys],
        order=exp.Order(expressions=order),
    )
    query = query.select(exp.alias_(window, "__n", quoted=True), copy=False)
    return query.where(condition, copy=False) if condition is not None else query


def _by_key(numbered: exp.Select, rows: Rows, values: Mapping[str, Value], take: int) -> exp.Select:
    """One row per key: the list as JSON text, and each cell as a column."""
    query = exp.Select().from_(aliased(numbered.subquery(), "__r"))
    for position in range(len(rows.keys)):
        key = column(f"__k{position}", "__r")
        query = query.select(key, copy=False).group_by(key.copy(), copy=False)
    query = query.select(exp.alias_(_list(values), "__list", quoted=True), copy=False)
    number = column("__n", "__r")
    for place in range(1, take + 1):
        here = exp.EQ(this=number.copy(), expression=exp.Literal.number(place))
        for name in values:
            cell = exp.Max(this=case([(here.copy(), column(name, "__r"))]))
            query = query.select(exp.alias_(cell, f"{name}_{place}", quoted=True), copy=False)
    return query.where(exp.LTE(this=number, expression=exp.Literal.number(take)), copy=False)


def _list(values: Mapping[str, Value]) -> exp.Expr:
    """`[{…},{…}]`: dates and instants as ISO text, nothing as null."""
    pairs = [
        exp.JSONKeyValue(this=exp.Literal.string(name), expression=_json_value(name, value))
        for name, value in values.items()
    ]
    line = cast(exp.JSONObject(expressions=pairs), Type.TEXT)
    places = exp.Order(this=line, expressions=[ordered(column("__n", "__r"), False)])
    joined = exp.GroupConcat(this=places, separator=exp.Literal.string(","))
    opened = exp.DPipe(this=exp.Literal.string("["), expression=joined, safe=True)
    return exp.DPipe(this=opened, expression=exp.Literal.string("]"), safe=True)


def _json_value(name: str, value: Value) -> exp.Expr:
    tree = column(name, "__r")
    return cast(tree, Type.TEXT) if value.type in (Type.DATE, Type.TIMESTAMP) else tree
