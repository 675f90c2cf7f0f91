"""Functions that choose between values of any type, and ask whether there is one."""

from sqlglot import exp

from campanile.relations.functions.limits import missing, number, text
from campanile.relations.signatures import ANY, FREE, Call, Function, Parameter
from campanile.relations.sql import case, coalesce, constant
from campanile.relations.types import Type


def _is_empty(call: Call) -> exp.Expr:
    return nothing(call, 0)


def nothing(call: Call, position: int) -> exp.Expr:
    """Whether an argument is NULL or, of a text, ''; never NULL itself."""
    tree, value = call.args[position], call.values[position]
    if value.type is not Type.TEXT:
        return missing(tree)
    blank = exp.EQ(this=tree.copy(), expression=text(""))
    return exp.paren(exp.or_(missing(tree), blank, copy=False), copy=False)


def _all_filled(call: Call) -> exp.Expr:
    filled = [exp.Not(this=exp.paren(nothing(call, i))) for i in range(len(call.args))]
    return exp.paren(exp.and_(*filled, copy=False), copy=False)


def _if(call: Call) -> exp.Expr:
    return case([(call.args[0], call.args[1])], call.args[2] if len(call.args) > 2 else None)


def _rank_of(call: Call) -> exp.Expr:
    value, *choices = call.args
    branches: list[tuple[exp.Expr, exp.Expr]] = [
        (exp.EQ(this=value.copy(), expression=choice), constant(position, Type.INTEGER))
        for position, choice in enumerate(choices, start=1)
    ]
    return case(branches)


def _compare(call: Call) -> exp.Expr:
    first, second = call.args
    return case(
        [
            (exp.LT(this=first.copy(), expression=second.copy()), exp.Neg(this=number(1))),
            (exp.EQ(this=first.copy(), expression=second.copy()), number(0)),
            (exp.GT(this=first, expression=second), number(1)),
        ]
    )


def _extreme(comparison: type[exp.Binary]):  # type: ignore[no-untyped-def]
    """The smaller or greater of the arguments that are not empty, written out as CASE.

    DuckDB and PostgreSQL leave NULL out, other engines let it win.
    """

    def build(call: Call) -> exp.Expr:
        best = call.args[0]
        for tree in call.args[1:]:
            beats = comparison(this=tree.copy(), expression=best.copy())
            best = case([(beats, tree.copy())], coalesce(best, tree))
        return best

    return build


_VALUES = Parameter("value", ANY, many=True)

CHOICES: tuple[Function, ...] = (
    Function(
        "coalesce",
        (_VALUES,),
        ANY,
        "The first value that is not empty (NULL). 0 is a value; to pass over it: nullif(x, 0).",
        "coalesce(billing_email, email)",
        lambda call: coalesce(*call.args),
        kind="choice",
    ),
    Function(
        "nullif",
        (Parameter("value", ANY), Parameter("nothing", ANY)),
        ANY,
        "Empty when both are equal, else the first.",
        "nullif(city, 'n/a')",
        lambda call: exp.Nullif(this=call.args[0], expression=call.args[1]),
        kind="choice",
    ),
    Function(
        "is_empty",
        (Parameter("value", FREE),),
        "boolean",
        "Whether there is no value; a text without characters is none.",
        "is_empty(email)",
        _is_empty,
        kind="choice",
    ),
    Function(
        "all_filled",
        (Parameter("value", FREE, many=True),),
        "boolean",
        "Whether none of the values is empty; a text without characters is.",
        "all_filled(first_name, last_name, zip)",
        _all_filled,
        kind="choice",
    ),
    Function(
        "if",
        (
            Parameter("condition", "boolean"),
            Parameter("then", ANY),
            Parameter("else", ANY, optional=True),
        ),
        ANY,
        "One value when the condition holds, the other (or nothing) when not.",
        "if(tier = 'gold', 10, 5)",
        _if,
        kind="choice",
    ),
    Function(
        "rank_of",
        (Parameter("value", ANY), Parameter("choice", ANY, many=True, constant=True)),
        "integer",
        "1 for the first choice, 2 for the second …; empty for any other value.",
        "rank_of(tier, 'gold', 'silver')",
        _rank_of,
        kind="choice",
    ),
    Function(
        "least",
        (_VALUES,),
        ANY,
        "The smallest value; empty ones are left out.",
        "least(amount, 100)",
        _extreme(exp.LT),
        kind="choice",
    ),
    Function(
        "greatest",
        (_VALUES,),
        ANY,
        "The greatest value; empty ones are left out.",
        "greatest(opened_at, bought_at)",
        _extreme(exp.GT),
        kind="choice",
    ),
    Function(
        "compare",
        (Parameter("value", ANY), Parameter("other", ANY)),
        "integer",
        "-1 when the first is smaller, 0 when both are equal, 1 when it is greater.",
        "compare(placed_at, delivered_at)",
        _compare,
        kind="choice",
    ),
)
