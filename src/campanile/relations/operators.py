"""Comparisons, arithmetic and literals of the rule language, checked and two-valued."""

import difflib
import math
from datetime import date, datetime

from sqlglot import exp

from campanile.relations.functions.numbers import divide
from campanile.relations.functions.zones import to_instant
from campanile.relations.parse import did_you_mean, refusal
from campanile.relations.scope import Scope
from campanile.relations.signatures import common_type
from campanile.relations.sql import case, cast, constant, negation
from campanile.relations.times import midnight, to_utc
from campanile.relations.types import Type
from campanile.relations.values import Value

_NUMERIC = frozenset({Type.INTEGER, Type.NUMBER})
_NEVER_NULL = (exp.Exists, exp.Boolean, exp.Not, exp.Is, exp.NullSafeNEQ)


def operand(value: Value) -> exp.Expr:
    """The tree as an operand: in parentheses where another operator could tear it apart."""
    tree = value.exact
    if isinstance(tree, exp.Binary | exp.Not | exp.Between | exp.In | exp.Neg) and not isinstance(
        tree, exp.Dot
    ):
        return exp.paren(tree, copy=False)
    return tree


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
    if len(types) == 1 or types == _NUMERIC:
        if Type.LINES in types:
            raise refusal("type", "Collected lines cannot be compared.", at=at)
        return operand(left), operand(right)
    if types == {Type.DATE, Type.TIMESTAMP}:
        return as_instant(left, scope), as_instant(right, scope)
    raise refusal(
        "type",
        f"{_article(left.type)} cannot be compared with {_article(right.type)}.",
        _conversion(left, right),
        at,
    )


def _article(type_: Type | None) -> str:
    name = str(type_ or "null")
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _conversion(left: Value, right: Value) -> str:
    types = {left.type, right.type}
    if Type.TEXT in types and types & {Type.DATE, Type.TIMESTAMP}:
        return "Write a date as date '2026-01-31'."
    if Type.TEXT in types and types & _NUMERIC:
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
                "type", f"'like' compares texts, and this is {_article(value.type)}.", at=at
            )
    return Value(
        exp.Like(this=operand(subject), expression=operand(pattern)), Type.BOOLEAN, rule=True
    )


def arithmetic(kind: type[exp.Expr], left: Value, right: Value, at: exp.Expr) -> Value:
    """+ - * / over numbers; integers stay integers but in a division."""
    for value in (left, right):
        if value.type is not None and value.type not in _NUMERIC:
            raise refusal(
                "type",
                f"{_article(value.type).capitalize()} cannot be calculated with.",
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
    if value.type not in _NUMERIC:
        raise refusal("type", f"'-' needs a number, not {_article(value.type)}.", at=at)
    negative = -value.literal if isinstance(value.literal, int | float) else None
    return Value(exp.Neg(this=operand(value)), value.type, literal=negative)


def join_texts(left: Value, right: Value, at: exp.Expr) -> Value:
    """`||`: empty as soon as one text is; concat() takes empty ones as ''."""
    for value in (left, right):
        if value.type not in (Type.TEXT, None):
            raise refusal(
                "type",
                f"|| joins texts, and this is {_article(value.type)}.",
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


def literal(node: exp.Expr) -> Value:
    """A number or text as written."""
    if node.is_string:
        return Value(exp.Literal.string(node.name), Type.TEXT, literal=node.name)
    text = node.name
    if text.isdigit():
        number = int(text)
        if number > 2**63 - 1:
            raise refusal("number", f"{text} is greater than a whole number can be.", at=node)
        return Value(constant(number, Type.INTEGER), Type.INTEGER, literal=number)
    try:
        fraction = float(text)
    except ValueError:
        raise refusal("number", f"'{text}' is not a number.", at=node) from None
    if not math.isfinite(fraction):
        raise refusal("number", f"{text} is greater than a number can be.", at=node)
    return Value(constant(fraction, Type.NUMBER), Type.NUMBER, literal=fraction)


def typed_literal(node: exp.Expr, scope: Scope) -> Value:
    """`date '2026-01-31'` and `timestamp '2026-01-31 09:00'`, in the scope's zone."""
    kind = node.args["to"].this
    if not (isinstance(node.this, exp.Literal) and node.this.is_string):
        raise refusal(
            "forbidden",
            "A cast is not part of the rule language.",
            "Use to_text(), to_number() or to_date().",
            node,
        )
    text = node.this.name
    try:
        if kind == exp.DType.DATE:
            day = date.fromisoformat(text)
            return Value(constant(day, Type.DATE), Type.DATE, literal=day)
        if kind == exp.DType.TIMESTAMP:
            instant = to_utc(_local(text), scope.timezone)
            return Value(constant(instant, Type.TIMESTAMP), Type.TIMESTAMP, literal=instant)
    except (ValueError, OverflowError):
        raise refusal(
            "date",
            f"'{text}' is not a {str(kind.value).lower()}.",
            "Write date '2026-01-31' or timestamp '2026-01-31 09:00'.",
            node,
        ) from None
    raise refusal("forbidden", "Only date '…' and timestamp '…' are typed literals.", at=node)


def _local(text: str) -> datetime:
    local = datetime.fromisoformat(text)
    if local.tzinfo is not None:
        raise ValueError("a zone is not written here")
    return local


def as_parameter(value: Value, wanted: Type, name: str, at: exp.Expr) -> tuple[Type, object]:
    """A constant argument of a named filter, as a parameter."""
    if value.literal is None:
        raise refusal("constant", f"{name} must be a fixed value or a parameter.", at=at)
    if common_type([value.type, wanted]) is not wanted and value.type is not wanted:
        raise refusal("type", f"{name} is {_article(wanted)}, not {_article(value.type)}.", at=at)
    return wanted, value.literal
