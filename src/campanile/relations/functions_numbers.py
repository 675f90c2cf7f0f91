"""Functions over numbers, and conversions between types."""

from sqlglot import exp

from campanile.relations.signatures import ANY, FREE, Call, Function, Parameter
from campanile.relations.types import Type
from campanile.relations.values import case, cast, coalesce

_NUMBER = Parameter("number", "number")


def divide(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """A division that never truncates; by zero it is empty."""
    divisor = exp.Nullif(this=cast(right, Type.NUMBER), expression=exp.Literal.number(0))
    return exp.Div(this=cast(left, Type.NUMBER), expression=divisor, typed=False, safe=False)


def _round(call: Call) -> exp.Expr:
    """Half away from zero on every engine."""
    number, scale = call.args[0], exp.Literal.number(1)
    digits = int(str(call.values[1].literal)) if len(call.values) > 1 else 0
    if digits:
        scale = cast(exp.Literal.number(str(10.0**digits)), Type.NUMBER)  # type: ignore[assignment]
    scaled = exp.Mul(this=cast(exp.Abs(this=number), Type.NUMBER), expression=scale)
    up = exp.Floor(
        this=exp.paren(exp.Add(this=scaled, expression=exp.Literal.number("0.5")), copy=False)
    )
    return exp.Div(
        this=exp.Mul(this=exp.Sign(this=number.copy()), expression=up),
        expression=cast(scale.copy(), Type.NUMBER),
        typed=False,
        safe=False,
    )


def _mod(call: Call) -> exp.Expr:
    zero = exp.Literal.number(0)
    return exp.Mod(this=call.args[0], expression=exp.Nullif(this=call.args[1], expression=zero))


def _extreme(comparison: type[exp.Binary]):  # type: ignore[no-untyped-def]
    """The smaller or greater of the arguments that are not empty, written out as CASE."""

    def build(call: Call) -> exp.Expr:
        best = call.args[0]
        for tree in call.args[1:]:
            beats = comparison(this=tree.copy(), expression=best.copy())
            best = case([(beats, tree.copy())], coalesce(best, tree))
        return best

    return build


def _sqrt(call: Call) -> exp.Expr:
    negative = exp.LT(this=call.args[0].copy(), expression=exp.Literal.number(0))
    return case([(negative, exp.null())], exp.Sqrt(this=cast(call.args[0], Type.NUMBER)))


def _power(call: Call) -> exp.Expr:
    return exp.Pow(this=cast(call.args[0], Type.NUMBER), expression=cast(call.args[1], Type.NUMBER))


def _whole(node: type[exp.Expr]):  # type: ignore[no-untyped-def]
    return lambda call: cast(node(this=call.args[0]), Type.INTEGER)


def _to_text(call: Call) -> exp.Expr:
    return cast(call.args[0], Type.TEXT)


def _try(call: Call, to: Type) -> exp.Expr:
    if call.values[0].type is Type.TEXT:
        text = exp.Nullif(this=exp.Trim(this=call.args[0]), expression=exp.Literal.string(""))
        return exp.TryCast(this=text, to=cast(exp.null(), to).args["to"])
    return cast(call.args[0], to)


def _to_integer(call: Call) -> exp.Expr:
    number = _try(call, Type.NUMBER)
    if call.values[0].type in (Type.INTEGER, Type.BOOLEAN):
        return cast(call.args[0], Type.INTEGER)
    away = exp.Floor(this=exp.Add(this=exp.Abs(this=number), expression=exp.Literal.number("0.5")))
    return cast(exp.Mul(this=exp.Sign(this=number.copy()), expression=away), Type.INTEGER)


_CONVERTED = Parameter("value", FREE)

NUMBERS: tuple[Function, ...] = (
    Function(
        "abs",
        (Parameter("number", ANY),),
        ANY,
        "The number without its sign.",
        "abs(balance)",
        lambda call: exp.Abs(this=call.args[0]),
        kind="number",
    ),
    Function(
        "round",
        (_NUMBER, Parameter("digits", "integer", True, constant=True)),
        "number",
        "Rounded to so many digits (0), half away from zero.",
        "round(amount, 2)",
        _round,
        kind="number",
    ),
    Function(
        "floor",
        (_NUMBER,),
        "integer",
        "The greatest whole number not above.",
        "floor(amount)",
        _whole(exp.Floor),
        kind="number",
    ),
    Function(
        "ceil",
        (_NUMBER,),
        "integer",
        "The least whole number not below.",
        "ceil(amount)",
        _whole(exp.Ceil),
        ("ceiling",),
        kind="number",
    ),
    Function(
        "mod",
        (Parameter("number", "integer"), Parameter("divisor", "integer")),
        "integer",
        "The remainder, with the sign of the number; empty for a divisor of 0.",
        "mod(points, 100)",
        _mod,
        kind="number",
    ),
    Function(
        "least",
        (Parameter("value", ANY, many=True),),
        ANY,
        "The smallest value; empty ones are left out.",
        "least(amount, 100)",
        _extreme(exp.LT),
        kind="number",
    ),
    Function(
        "greatest",
        (Parameter("value", ANY, many=True),),
        ANY,
        "The greatest value; empty ones are left out.",
        "greatest(opened_at, bought_at)",
        _extreme(exp.GT),
        kind="number",
    ),
    Function(
        "power",
        (_NUMBER, Parameter("exponent", "number")),
        "number",
        "The number to a power.",
        "power(score, 2)",
        _power,
        kind="number",
    ),
    Function(
        "sqrt",
        (_NUMBER,),
        "number",
        "The square root; empty below 0.",
        "sqrt(distance)",
        _sqrt,
        kind="number",
    ),
    Function(
        "to_text",
        (_CONVERTED,),
        "text",
        "The value as text.",
        "to_text(customer_id)",
        _to_text,
        kind="conversion",
    ),
    Function(
        "to_number",
        (_CONVERTED,),
        "number",
        "The value as a number; empty when it is none.",
        "to_number(points_text)",
        lambda call: _try(call, Type.NUMBER),
        kind="conversion",
    ),
    Function(
        "to_integer",
        (_CONVERTED,),
        "integer",
        "The value as a whole number, rounded half away from zero; empty when it is none.",
        "to_integer(points_text)",
        _to_integer,
        kind="conversion",
    ),
)
