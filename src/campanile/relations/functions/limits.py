"""Arguments kept where every engine gives the same answer, and no engine stops."""

from collections.abc import Sequence

from sqlglot import exp

from campanile.relations.signatures import Call
from campanile.relations.sql import case, cast
from campanile.relations.types import Type

LONGEST_TEXT = 10_000  # characters that padding may make
LARGEST_WHOLE = 9.2e18  # what a whole number of 64 bits holds, less the last digits


def number(value: int | float | str) -> exp.Expr:
    """A number as a literal."""
    return exp.Literal.number(value)


def text(value: str) -> exp.Expr:
    """A text as a literal."""
    return exp.Literal.string(value)


def literal_whole(call: Call, position: int) -> int | None:
    """The whole number written as an argument, None when it is calculated."""
    given = call.values[position].literal if position < len(call.values) else None
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def at_least(call: Call, position: int, least: int) -> exp.Expr:
    """A whole argument that counts as `least` where it is below."""
    tree, known = call.args[position], literal_whole(call, position)
    if known is not None:
        return number(known) if known >= least else number(least)
    below = exp.LT(this=tree.copy(), expression=number(least))
    return small(case([(below, number(least))], tree))


def small(tree: exp.Expr) -> exp.Expr:
    """A count as a number of 32 bits, as engines take it; empty beyond a thousand millions."""
    if isinstance(tree, exp.Literal):
        return tree
    fits = exp.Between(this=tree.copy(), low=exp.Neg(this=number(10**9)), high=number(10**9))
    return exp.cast(case([(fits, tree)]), exp.DType.INT)


def whole_within_range(tree: exp.Expr) -> exp.Expr:
    """A fraction without decimals as a whole number; empty when none is that large."""
    limit = cast(number(repr(LARGEST_WHOLE)), Type.NUMBER)
    fits = exp.LT(this=exp.Abs(this=tree.copy()), expression=limit)
    return cast(case([(fits, tree)]), Type.INTEGER)


def floor_divide(tree: exp.Expr, by: int) -> exp.Expr:
    """The whole part of a whole number divided, toward zero; exact below 2^53."""
    rest = exp.Mod(this=exp.paren(tree.copy()), expression=number(by))
    exact = exp.paren(exp.Sub(this=exp.paren(tree), expression=exp.paren(rest)))
    quotient = exp.Div(
        this=cast(exact, Type.NUMBER),
        expression=cast(number(by), Type.NUMBER),
        typed=False,
        safe=False,
    )
    return cast(quotient, Type.INTEGER)


def missing(tree: exp.Expr) -> exp.Expr:
    """Whether a tree is NULL."""
    return exp.Is(this=tree, expression=exp.null())


def blank_as_null(tree: exp.Expr) -> exp.Expr:
    """A text whose emptiness is NULL."""
    return exp.Nullif(this=tree, expression=text(""))


def added(terms: Sequence[exp.Expr]) -> exp.Expr:
    """The sum of several trees."""
    total = terms[0]
    for term in terms[1:]:
        total = exp.Add(this=total, expression=term)
    return exp.paren(total, copy=False)
