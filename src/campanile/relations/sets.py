"""Set functions over many-links: exists, and aggregates as grouped joins or subqueries."""

from sqlglot import exp

from campanile.relations.frames import Frame, Visitor, short_hash
from campanile.relations.joins import Aggregate, Grouped, Picked, attach
from campanile.relations.linked_rows import Rows, correlated, linked_rows
from campanile.relations.parse import refusal
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
