"""Pieces of SQL as trees: names that are quoted, conditions, casts and constants."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime

from sqlglot import exp

from campanile.relations.types import Type

ROW = "__row"  # the alias of the row a rule speaks about; users' names never begin with `__`

SQL_TYPES: Mapping[Type, str] = {
    Type.TEXT: "TEXT",
    Type.INTEGER: "BIGINT",
    Type.NUMBER: "DOUBLE",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
    Type.TIMESTAMP: "TIMESTAMP",
    Type.LINES: "TEXT",
}


def identifier(name: str) -> exp.Identifier:
    """A quoted identifier: user names never meet keywords or case folding."""
    return exp.to_identifier(name, quoted=True)


def column(name: str, alias: str) -> exp.Column:
    """A quoted column of a source."""
    return exp.Column(this=identifier(name), table=identifier(alias))


def table(name: str, alias: str) -> exp.Expr:
    """A bound table under an alias."""
    return aliased(exp.Table(this=identifier(name)), alias)


def aliased(source: exp.Expr, alias: str) -> exp.Expr:
    """A table or subquery under a quoted alias."""
    source.set("alias", exp.TableAlias(this=identifier(alias)))
    return source


def ordered(tree: exp.Expr, descending: bool) -> exp.Ordered:
    """An ORDER BY item that states NULLS LAST."""
    return exp.Ordered(this=tree, desc=descending, nulls_first=False)


def is_never_null(tree: exp.Expr) -> bool:
    """Whether a condition is true or false whatever the columns hold, as far as its form shows."""
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if isinstance(tree, exp.Or) and isinstance(tree.this, exp.Is):  # x IS NULL OR x = 'a'
        other = tree.expression
        return (
            isinstance(other, exp.EQ)
            and other.this == tree.this.this
            and isinstance(other.expression, exp.Literal)
        )
    return isinstance(tree, exp.Boolean | exp.Exists | exp.Not | exp.Is | exp.NullSafeNEQ)


def coalesce(*trees: exp.Expr) -> exp.Expr:
    """The first that is not NULL."""
    return exp.Coalesce(this=trees[0], expressions=list(trees[1:]))


def negation(tree: exp.Expr) -> exp.Expr:
    """NOT of a tree that is never NULL."""
    return exp.Not(this=exp.paren(tree, copy=False))


def disjunction(trees: list[exp.Expr]) -> exp.Expr:
    """OR of conditions, each in parentheses."""
    return exp.or_(*[tree.copy() for tree in trees])


def case(branches: list[tuple[exp.Expr, exp.Expr]], default: exp.Expr | None = None) -> exp.Case:
    """CASE WHEN … THEN … ELSE … END."""
    ifs = [exp.If(this=condition, true=result) for condition, result in branches]
    return exp.Case(ifs=ifs, default=default)


def cast(tree: exp.Expr, to: Type) -> exp.Expr:
    """CAST to the SQL type of `to`."""
    return exp.Cast(this=tree, to=exp.DataType.build(SQL_TYPES[to]))


def constant(value: object, type_: Type) -> exp.Expr:
    """A Python value as a typed SQL literal; None is a typed NULL. Naive datetimes are refused."""
    if value is None:
        return cast(exp.null(), type_)
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        text = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f").removesuffix(".000000")
        return cast(exp.Literal.string(text), Type.TIMESTAMP)
    if isinstance(value, date):
        return cast(exp.Literal.string(value.isoformat()), Type.DATE)
    if isinstance(value, int | float):
        return _number(value, type_)
    return exp.Literal.string(str(value))


def _number(value: int | float, type_: Type) -> exp.Expr:
    if not math.isfinite(value):
        raise ValueError("a number must be finite")
    literal: exp.Expr = exp.Literal.number(repr(abs(value)))
    if type_ is Type.NUMBER or abs(value) > 2**31 - 1:
        literal = cast(literal, type_)
    return exp.Neg(this=literal) if value < 0 else literal
