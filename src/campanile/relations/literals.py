"""Literals of the rule language: numbers, texts, dates and timestamps as written."""

import math
from datetime import date, datetime

from sqlglot import exp

from campanile.relations.operators import article
from campanile.relations.parse import refusal
from campanile.relations.scope import Scope
from campanile.relations.signatures import common_type
from campanile.relations.sql import constant
from campanile.relations.times import to_utc
from campanile.relations.types import Type
from campanile.relations.values import Value


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
        raise refusal("type", f"{name} is {article(wanted)}, not {article(value.type)}.", at=at)
    return wanted, value.literal
