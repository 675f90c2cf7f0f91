"""Comparisons of the rule language, checked and two-valued."""

import difflib
from datetime import date

from sqlglot import exp

from campanile.relations.functions.zones import to_instant
from campanile.relations.operators import NUMERIC, article, operand
from campanile.relations.parse import did_you_mean, refusal
from campanile.relations.scope import Scope
from campanile.relations.sql import constant, negation
from campanile.relations.times import midnight
from campanile.relations.types import Type
from campanile.relations.values import Value

_NEVER_NULL = (exp.Exists, exp.Boolean, exp.Not, exp.Is, exp.NullSafeNEQ)


def complement(value: Value) -> exp.Expr:
    """The exact negation: true wherever the condition is not, also where it is NULL."""
    tree = value.tree
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if isinstance(tree, exp.EQ) and isinstance(tree.expression, exp.Literal):
        return exp.NullSafeNEQ(this=tree.this, expression=tree.expression)
    if isinstance(tree, _NEVER_NULL):
        return negation(tree)
    return negation(value.exact if value.rule else Value(value.tree, value.type, True).exact)


def compare(kind: type[exp.Expr], left: Value, right: Value, scope: Scope, at: exp.Expr) -> Value:
    """A comparison; `!=` is the exact negation of `=`."""
    for value in (left, right):
        if value.type is None:
            raise refusal(
                "null_comparison",
                "A comparison with null is never true.",
                "Write 'is null' or 'is not null'.",
                at,
            )
    first, second = _aligned(left, right, scope, at)
    _check_enum(left, right, at)
    if kind is exp.NEQ:
        equal = Value(exp.EQ(this=first, expression=second), Type.BOOLEAN, rule=True)
        return Value(complement(equal), Type.BOOLEAN, rule=True)
    return Value(kind(this=first, expression=second), Type.BOOLEAN, rule=True)


def _aligned(left: Value, right: Value, scope: Scope, at: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    types = {left.type, right.type}
    if len(types) == 1 or types == NUMERIC:
        if Type.LINES in types:
            raise refusal("type", "Collected lines cannot be compared.", at=at)
        return operand(left), operand(right)
    if types == {Type.DATE, Type.TIMESTAMP}:
        return as_instant(left, scope), as_instant(right, scope)
    raise refusal(
        "type",
        f"{article(left.type)} cannot be compared with {article(right.type)}.",
        _conversion(left, right),
        at,
    )


def _conversion(left: Value, right: Value) -> str:
    types = {left.type, right.type}
    if Type.TEXT in types and types & {Type.DATE, Type.TIMESTAMP}:
        return "Write a date as date '2026-01-31'."
    if Type.TEXT in types and types & NUMERIC:
        return "Leave the quotes out, or use to_number() or to_text()."
    return ""


def as_instant(value: Value, scope: Scope) -> exp.Expr:
    """A timestamp as it is; a date as its local midnight."""
    if value.type is not Type.DATE:
        return operand(value)
    if isinstance(value.literal, date):
        return constant(midnight(value.literal, scope.timezone), Type.TIMESTAMP)
    folded = _date_constant(value.tree)
    if folded is not None:
        return constant(midnight(folded, scope.timezone), Type.TIMESTAMP)
    return to_instant(value.exact, scope)


def _date_constant(tree: exp.Expr) -> date | None:
    """The day of a `CAST('…' AS DATE)`, as today() and days_ago() compile to."""
    if isinstance(tree, exp.Cast) and isinstance(tree.this, exp.Literal) and tree.this.is_string:
        return date.fromisoformat(tree.this.name)
    return None


def _check_enum(left: Value, right: Value, at: exp.Expr) -> None:
    """Refuse a text that the rule compares with an attribute which never has it.

    What a parameter gives is known only when it runs, and then equals nobody's.
    """
    for known, given in ((left, right), (right, left)):
        text = given.literal
        if known.enum and isinstance(text, str) and text not in known.enum and not given.is_given:
            message = f"'{text}' is not a value of this attribute."
            raise refusal("enum", message, nearest_value(text, known.enum), at)


def nearest_value(given: str, known: tuple[str, ...]) -> str:
    """A sentence with the value that was probably meant, else with those there are."""
    same = [value for value in known if value.lower() == given.lower()]
    near = same or difflib.get_close_matches(given, known, n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else did_you_mean("", known)


def membership(subject: Value, choices: list[Value], scope: Scope, at: exp.Expr) -> Value:
    """`x in (…)`: an empty subject is in no list, and an empty choice equals nothing."""
    for choice in choices:
        if choice.type is None or subject.type is None:
            raise refusal(
                "null_comparison",
                "null in a list equals nothing.",
                "Write 'or x is null' beside the list.",
                at,
            )
        _check_enum(subject, choice, at)
    pairs = [_aligned(subject, choice, scope, at) for choice in choices]
    instants = any(choice.type is Type.TIMESTAMP for choice in choices)
    first = as_instant(subject, scope) if instants else pairs[0][0]
    rest = [
        as_instant(c, scope) if instants else pair[1]
        for c, pair in zip(choices, pairs, strict=True)
    ]
    return Value(exp.In(this=first, expressions=rest), Type.BOOLEAN, rule=True)


def between(subject: Value, low: Value, high: Value, scope: Scope, at: exp.Expr) -> Value:
    """Both ends included."""
    lower = compare(exp.GTE, subject, low, scope, at)
    upper = compare(exp.LTE, subject, high, scope, at)
    tree = exp.and_(lower.tree, upper.tree, copy=True)
    return Value(exp.paren(tree, copy=False), Type.BOOLEAN, rule=True)


def like(subject: Value, pattern: Value, at: exp.Expr) -> Value:
    """SQL's LIKE with % and _; there is no escape character."""
    for value in (subject, pattern):
        if value.type is not Type.TEXT:
            raise refusal(
                "type", f"'like' compares texts, and this is {article(value.type)}.", at=at
            )
    return Value(
        exp.Like(this=operand(subject), expression=operand(pattern)), Type.BOOLEAN, rule=True
    )
