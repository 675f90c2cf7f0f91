"""Arithmetic, joined texts and CASE of the rule language, checked."""

from typing import Final

from sqlglot import exp

from campanile.relations.functions.numbers import divide
from campanile.relations.parse import refusal
from campanile.relations.signatures import common_type
from campanile.relations.sql import case, cast
from campanile.relations.types import Type
from campanile.relations.values import Value

NUMERIC: Final = frozenset({Type.INTEGER, Type.NUMBER})


def operand(value: Value) -> exp.Expr:
    """The tree as an operand: in parentheses where another operator could tear it apart."""
    tree = value.exact
    if isinstance(tree, exp.Binary | exp.Not | exp.Between | exp.In | exp.Neg) and not isinstance(
        tree, exp.Dot
    ):
        return exp.paren(tree, copy=False)
    return tree


def article(type_: Type | None) -> str:
    """The type with its article: `an integer`."""
    name = str(type_ or "null")
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def arithmetic(kind: type[exp.Expr], left: Value, right: Value, at: exp.Expr) -> Value:
    """+ - * / over numbers; integers stay integers but in a division."""
    for value in (left, right):
        if value.type is not None and value.type not in NUMERIC:
            raise refusal(
                "type",
                f"{article(value.type).capitalize()} cannot be calculated with.",
                _calculation(value.type),
                at,
            )
    type_ = common_type([left.type, right.type]) or Type.NUMBER
    if kind is exp.Div:
        return Value(divide(left.exact, right.exact), Type.NUMBER)
    first, second = (_wide(value, type_) for value in (left, right))
    return Value(exp.paren(kind(this=first, expression=second), copy=False), type_)


def _calculation(type_: Type) -> str:
    if type_ in (Type.DATE, Type.TIMESTAMP):
        return "Use add_days(), days_between() and their like."
    return "Join texts with ||, convert with to_number()." if type_ is Type.TEXT else ""


def _wide(value: Value, type_: Type) -> exp.Expr:
    """Literals and NULL take the full width of the type, so that small ones do not overflow."""
    if value.type is None or isinstance(value.tree, exp.Literal) or value.type is not type_:
        return cast(value.exact, type_)
    return operand(value)


def minus(value: Value, at: exp.Expr) -> Value:
    """The number with the other sign."""
    if value.type not in NUMERIC:
        raise refusal("type", f"'-' needs a number, not {article(value.type)}.", at=at)
    negative = -value.literal if isinstance(value.literal, int | float) else None
    return Value(exp.Neg(this=operand(value)), value.type, literal=negative)


def join_texts(left: Value, right: Value, at: exp.Expr) -> Value:
    """`||`: empty as soon as one text is; concat() takes empty ones as ''."""
    for value in (left, right):
        if value.type not in (Type.TEXT, None):
            raise refusal(
                "type",
                f"|| joins texts, and this is {article(value.type)}.",
                "Convert it with to_text().",
                at,
            )
    trees = [cast(v.tree, Type.TEXT) if v.type is None else operand(v) for v in (left, right)]
    return Value(
        exp.paren(exp.DPipe(this=trees[0], expression=trees[1], safe=True), copy=False), Type.TEXT
    )


def choose(branches: list[tuple[Value, Value]], default: Value | None, at: exp.Expr) -> Value:
    """CASE: the results must have one type."""
    results = [result for _, result in branches] + ([default] if default else [])
    type_ = common_type([result.type for result in results])
    if type_ is None:
        found = ", ".join(str(result.type or "null") for result in results)
        raise refusal("type", f"The results of CASE have no common type: {found}.", at=at)
    pairs = [(condition.tree, _as(result, type_)) for condition, result in branches]
    return Value(case(pairs, _as(default, type_) if default else None), type_)


def _as(value: Value, type_: Type) -> exp.Expr:
    return value.exact if value.type is type_ else cast(value.exact, type_)
