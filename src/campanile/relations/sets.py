"""Set functions over many-links: exists, and aggregates as grouped joins or subqueries."""

from dataclasses import dataclass

from sqlglot import exp

from campanile.relations.frames import (
    Frame,
    Spot,
    Visitor,
    WayBack,
    follow,
    link_named,
    own_spot,
    short_hash,
    start_of,
    target_of,
)
from campanile.relations.joins import Aggregate, Grouped, Picked, attach
from campanile.relations.parse import did_you_mean, refusal
from campanile.relations.paths import path_of
from campanile.relations.sql import ROW, aliased, cast, coalesce, column, ordered
from campanile.relations.types import Type
from campanile.relations.values import Value

SET_FUNCTIONS = {
    "exists": "exists(link[, rule])",
    "count": "count(link[, rule])",
    "sum": "sum(link.attribute[, rule])",
    "avg": "avg(link.attribute[, rule])",
    "min": "min(link.attribute[, rule])",
    "max": "max(link.attribute[, rule])",
    "stddev": "stddev(link.attribute[, rule])",
    "count_distinct": "count_distinct(link.attribute[, rule])",
    "first": "first(link.attribute, sort attribute[, rule])",
    "last": "last(link.attribute, sort attribute[, rule])",
    "string_agg": "string_agg(link.attribute, ', '[, rule])",
}
_OF_ROWS = frozenset({"exists", "count"})
_NUMERIC = frozenset({"sum", "avg", "stddev"})


@dataclass
class Rows:
    """The linked rows of a set function: a chain of joins, its keys, the frame of its last row."""

    chain: exp.Select
    keys: tuple[tuple[exp.Expr, exp.Expr], ...]  # outer tree, inner tree
    frame: Frame
    rest: tuple[str, ...] = ()  # what of the path is left after the last link
    back: WayBack | None = None  # to the row around, where the chain is one link


def compile_set(visitor: Visitor, frame: Frame, name: str, node: exp.Anonymous) -> Value:
    """A set function call; `node.expressions[0]` is the path of links."""
    arguments = list(node.expressions)
    fixed = 3 if name in ("first", "last", "string_agg") else 2
    path = path_of(arguments[0]) if arguments else None
    if path is None or not fixed - 1 <= len(arguments) <= fixed:
        raise refusal("arguments", f"{name} is written {SET_FUNCTIONS[name]}.", at=node)
    rows = linked_rows(visitor, frame, path, name in _OF_ROWS, node)
    if name == "exists":  # it is tied to the row around anyway; an aggregate is grouped for all
        rows.frame.back = rows.back
    rule = arguments[fixed - 1] if len(arguments) == fixed else None
    condition = visitor.condition(rule, rows.frame).tree if rule is not None else None
    if name == "exists":
        return _exists(rows, condition)
    if name in ("first", "last"):
        return _picked(visitor, frame, rows, arguments[1], condition, name == "last")
    return _aggregate(visitor, frame, rows, name, arguments, condition, node)


def linked_rows(
    visitor: Visitor, frame: Frame, path: tuple[str, ...], whole: bool, at: exp.Expr
) -> Rows:
    """The rows a path leads to; `whole` says that every name of the path is a link."""
    spot = own_spot(frame)
    if spot is None:
        raise refusal(
            "unknown_link", f"These rows stand for no entity, so '{path[0]}' is no link.", at=at
        )
    if path[0] == spot.entity.name and path[0] not in spot.entity.links:
        path = path[1:]
    links, rest = _split_path(visitor, spot, path, whole, at)
    while len(links) > 1 and not link_named(spot, links[0], at).many:
        spot, links = follow(visitor, spot, links[0], at), links[1:]
    return _chain(visitor, frame, spot, links, rest, at)


def _split_path(
    visitor: Visitor, spot: Spot, path: tuple[str, ...], whole: bool, at: exp.Expr
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The links up to the last many-link, and the value's path from there."""
    entity, last = spot.entity, len(path) if whole else 0
    for position, name in enumerate(path if whole else path[:-1]):
        link = link_named(Spot(spot.frame, entity, None), name, at)
        entity = target_of(visitor, spot, link, at)
        if link.many:
            last = position + 1
    if whole:
        last = len(path)
    if last == 0:
        many = [link.name for link in spot.entity.links.values() if link.many]
        raise refusal(
            "no_link",
            f"'{'.'.join(path)}' follows no link to many rows.",
            f"Begin with one. {did_you_mean(path[0], many)}",
            at,
        )
    return path[:last], path[last:]


def _chain(
    visitor: Visitor,
    frame: Frame,
    spot: Spot,
    links: tuple[str, ...],
    rest: tuple[str, ...],
    at: exp.Expr,
) -> Rows:
    depth = frame.depth + 1
    first = link_named(spot, links[0], at)
    entity = target_of(visitor, spot, first, at)
    alias = f"__l{depth}_0"
    keys = tuple(
        (start_of(visitor, spot, first, left), column(right, alias)) for left, right in first.on
    )
    chain = exp.Select().from_(aliased(entity.rows(), alias))
    visitor.references.entities.add(entity.name)
    for position, name in enumerate(links[1:], start=1):
        link = link_named(Spot(frame, entity, alias), name, at)
        entity, before = target_of(visitor, Spot(frame, entity, alias), link, at), alias
        alias = f"__l{depth}_{position}"
        on = [exp.EQ(this=column(a, before), expression=column(b, alias)) for a, b in link.on]
        chain = chain.join(aliased(entity.rows(), alias), on=exp.and_(*on), join_type="inner")
        visitor.references.entities.add(entity.name)
    inner = Frame(alias, entity, outer=frame, depth=depth)
    back = WayBack(spot, frozenset((b, a) for a, b in first.on)) if len(links) == 1 else None
    return Rows(chain, keys, inner, rest, back)


def correlated(rows: Rows, condition: exp.Expr | None) -> exp.Select:
    """The chain tied to the outer row, for EXISTS and scalar subqueries."""
    ties = [exp.EQ(this=inner.copy(), expression=outer.copy()) for outer, inner in rows.keys]
    query = attach(rows.chain.copy(), rows.frame.joins).where(*ties, copy=False)
    return query.where(condition.copy(), copy=False) if condition is not None else query


def _exists(rows: Rows, condition: exp.Expr | None) -> Value:
    query = correlated(rows, condition).select(exp.Literal.number(1), copy=False)
    return Value(exp.Exists(this=query), Type.BOOLEAN, rule=True)


def _aggregate(
    visitor: Visitor,
    frame: Frame,
    rows: Rows,
    name: str,
    arguments: list[exp.Expr],
    condition: exp.Expr | None,
    at: exp.Expr,
) -> Value:
    subject = _subject(visitor, rows, name, at)
    separator = separator_of(arguments[1], at) if name == "string_agg" else ""
    value = subject.exact if subject else None
    key = repr((name, value and value.sql(), condition and condition.sql(), separator))
    output = Aggregate(f"__v_{short_hash(key)}", name, value, condition, separator)
    tree = _scalar(rows, output) if rows.frame.reads_outer else _grouped(frame, rows, output)
    return _result(name, tree, subject)


def _subject(visitor: Visitor, rows: Rows, name: str, at: exp.Expr) -> Value | None:
    if name == "count":
        return None
    value = visitor.value(_as_path(rows.rest, at), rows.frame)
    check_subject(name, value, at)
    return value


def _as_path(names: tuple[str, ...], at: exp.Expr) -> exp.Expr:
    """A path node again, to be resolved like any other; it lies where the call does."""
    tree: exp.Expr = exp.column(names[0], quoted=True)
    for name in names[1:]:
        tree = exp.Dot(this=tree, expression=exp.to_identifier(name, quoted=True))
    tree.meta.update({k: v for k, v in at.meta.items() if k == "start"})
    return tree


def check_subject(name: str, subject: Value, at: exp.Expr) -> None:
    """Refuse a value that the aggregate cannot take."""
    wanted = {Type.TEXT} if name == "string_agg" else {Type.INTEGER, Type.NUMBER}
    if name in (*_NUMERIC, "string_agg") and subject.type not in wanted:
        needed = " or ".join(sorted(wanted))
        raise refusal("type", f"{name} needs {needed}, and this is {subject.type}.", at=at)


def separator_of(node: exp.Expr, at: exp.Expr) -> str:
    """The literal separator of string_agg."""
    if not (isinstance(node, exp.Literal) and node.is_string):
        raise refusal(
            "constant", "The separator of string_agg must be a text, such as ', '.", at=at
        )
    return str(node.this)


def _scalar(rows: Rows, output: Aggregate) -> exp.Expr:
    query = correlated(rows, output.condition)
    return query.select(output.tree(conditional=False), copy=False).subquery()


def _grouped(frame: Frame, rows: Rows, output: Aggregate) -> exp.Expr:
    outer = " ".join(tree.sql() for pair in rows.keys for tree in pair)
    alias = f"__g_{short_hash(rows.chain.sql() + outer)}"
    own = all(isinstance(key, exp.Column) and key.table == ROW for key, _ in rows.keys)
    narrow = own and not frame.direct
    joins = dict(rows.frame.joins)
    frame.join(Grouped(alias, rows.chain, rows.keys, joins, (output,), narrow))
    return column(output.name, alias)


def _result(name: str, tree: exp.Expr, subject: Value | None) -> Value:
    if name in ("count", "count_distinct"):
        return Value(coalesce(tree, exp.Literal.number(0)), Type.INTEGER)
    assert subject is not None
    assert subject.type is not None
    if name == "sum":
        total = cast(coalesce(tree, exp.Literal.number(0)), subject.type)
        return Value(total, subject.type)
    if name in ("avg", "stddev"):
        return Value(cast(tree, Type.NUMBER), Type.NUMBER)
    return Value(tree, subject.type, enum=subject.enum)


def _picked(
    visitor: Visitor,
    frame: Frame,
    rows: Rows,
    sort: exp.Expr,
    condition: exp.Expr | None,
    descending: bool,
) -> Value:
    """The attribute of the first or last linked row; the key tells equal sort values apart."""
    subject = visitor.value(_as_path(rows.rest, sort), rows.frame)
    assert rows.frame.entity is not None
    order = [ordered(visitor.value(sort, rows.frame).exact, descending)]
    order += [ordered(column(part, rows.frame.alias), descending) for part in rows.frame.entity.key]
    if rows.frame.reads_outer:
        query = correlated(rows, condition).select(subject.exact, copy=False)
        tree: exp.Expr = query.order_by(*order, copy=False).limit(1, copy=False).subquery()
        return Value(tree, subject.type, enum=subject.enum)
    query = attach(rows.chain.copy(), rows.frame.joins)
    if condition is not None:
        query = query.where(condition, copy=False)
    chosen = _first_of_group(query, rows, subject.exact, order)
    alias = f"__p_{short_hash(chosen.sql() + ' '.join(o.sql() for o, _ in rows.keys))}"
    frame.join(Picked(alias, chosen, tuple(outer for outer, _ in rows.keys)))
    return Value(column("__v", alias), subject.type, enum=subject.enum)


def _first_of_group(
    query: exp.Select, rows: Rows, value: exp.Expr, order: list[exp.Ordered]
) -> exp.Select:
    inner_keys = [inner.copy() for _, inner in rows.keys]
    names = [f"__k{position}" for position in range(len(inner_keys))]
    for name, key in zip(names, inner_keys, strict=True):
        query = query.select(exp.alias_(key, name, quoted=True), copy=False)
    window = exp.Window(
        this=exp.RowNumber(),
        partition_by=[key.copy() for key in inner_keys],
        order=exp.Order(expressions=order),
    )
    query = query.select(
        exp.alias_(value, "__v", quoted=True), exp.alias_(window, "__n", quoted=True), copy=False
    )
    ranked = aliased(query.subquery(), "__r")
    first = exp.EQ(this=column("__n", "__r"), expression=exp.Literal.number(1))
    return (
        exp.Select().select(*[column(n, "__r") for n in (*names, "__v")]).from_(ranked).where(first)
    )
