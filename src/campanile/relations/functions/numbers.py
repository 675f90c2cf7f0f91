"""Functions over numbers: rounding, remainders, powers, flags in a number."""

from sqlglot import exp

from campanile.relations.functions.limits import number, whole_within_range
from campanile.relations.parse import refusal
from campanile.relations.signatures import ANY_NUMBER, Call, Function, Parameter
from campanile.relations.sql import case, cast
from campanile.relations.types import Type

_NUMBER = Parameter("number", "number")
_MOST_DIGITS = 15


def divide(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """A division that never truncates; by zero it is empty."""
    divisor = exp.Nullif(this=cast(right, Type.NUMBER), expression=exp.Literal.number(0))
    return exp.Div(this=cast(left, Type.NUMBER), expression=divisor, typed=False, safe=False)


def digits_of(call: Call, position: int) -> int:
    """The fixed number of digits after the point, 0 when it is not given."""
    digits = int(str(call.values[position].literal)) if len(call.values) > position else 0
    if abs(digits) > _MOST_DIGITS:
        raise refusal("constant", f"{digits} digits are more than a number has ({_MOST_DIGITS}).")
    return digits


def rounded(tree: exp.Expr, digits: int) -> exp.Expr:
    """Half away from zero on every engine; beyond 15 digits there is nothing left to round."""
    return _cut(tree, digits, half=True)


def _cut(tree: exp.Expr, digits: int, half: bool) -> exp.Expr:
    scale: exp.Expr = exp.Literal.number(1)
    if digits:
        scale = cast(exp.Literal.number(str(10.0**digits)), Type.NUMBER)
    scaled: exp.Expr = exp.Mul(this=cast(exp.Abs(this=tree), Type.NUMBER), expression=scale)
    if half:
        scaled = exp.paren(exp.Add(this=scaled, expression=number("0.5")), copy=False)
    cut = exp.Div(
        this=exp.Mul(this=exp.Sign(this=tree.copy()), expression=exp.Floor(this=scaled)),
        expression=cast(scale.copy(), Type.NUMBER),
        typed=False,
        safe=False,
    )
    without_digits = cast(number(repr(10.0 ** (_MOST_DIGITS - digits))), Type.NUMBER)
    large = exp.GTE(this=exp.Abs(this=tree.copy()), expression=without_digits)
    return case([(large, cast(tree.copy(), Type.NUMBER))], cut)


def _round(call: Call) -> exp.Expr:
    return rounded(call.args[0], digits_of(call, 1))


def _trunc(call: Call) -> exp.Expr:
    return _cut(call.args[0], digits_of(call, 1), half=False)


def _mod(call: Call) -> exp.Expr:
    return exp.Mod(
        this=exp.paren(call.args[0]),
        expression=exp.Nullif(this=call.args[1], expression=number(0)),
    )


def _percent(call: Call) -> exp.Expr:
    part = exp.Mul(this=cast(call.args[0], Type.NUMBER), expression=number(100))
    return divide(exp.paren(part), call.args[1])


def _sqrt(call: Call) -> exp.Expr:
    negative = exp.LT(this=call.args[0].copy(), expression=number(0))
    return case([(negative, exp.null())], exp.Sqrt(this=cast(call.args[0], Type.NUMBER)))


def _power(call: Call) -> exp.Expr:
    """Empty where there is no real power, or none that a number holds: engines differ or stop."""
    base, exponent = (cast(tree, Type.NUMBER) for tree in call.args)
    zero = exp.EQ(this=base.copy(), expression=number(0))
    size = exp.Mul(
        this=exponent.copy(),
        expression=exp.Ln(this=exp.Nullif(this=exp.Abs(this=base.copy()), expression=number(0))),
    )
    fits = exp.LT(this=exp.Abs(this=size), expression=number(690))
    fraction = exp.NEQ(this=exponent.copy(), expression=exp.Floor(this=exponent.copy()))
    no_root = exp.and_(exp.LT(this=base.copy(), expression=number(0)), fraction, copy=False)
    of_zero = case(
        [
            (exp.GT(this=exponent.copy(), expression=number(0)), number(0)),
            (exp.EQ(this=exponent.copy(), expression=number(0)), number(1)),
        ]
    )
    power = exp.Pow(this=base, expression=exponent)
    return case([(zero, cast(of_zero, Type.NUMBER)), (no_root, exp.null()), (fits, power)])


def _whole(node: type[exp.Expr]):  # type: ignore[no-untyped-def]
    """A whole number given back as it is: through a fraction its last digits would be lost."""

    def build(call: Call) -> exp.Expr:
        if call.values[0].type is Type.INTEGER:
            return call.args[0]
        return whole_within_range(node(this=call.args[0]))

    return build


def _bits(build: type[exp.Binary], inverted: bool = False):  # type: ignore[no-untyped-def]
    def tree(call: Call) -> exp.Expr:
        left, right = (exp.paren(arg) for arg in call.args)
        other: exp.Expr = exp.BitwiseNot(this=right) if inverted else right
        return exp.paren(build(this=left, expression=other), copy=False)

    return tree


def _has_bits(call: Call) -> exp.Expr:
    both = exp.BitwiseAnd(this=exp.paren(call.args[0]), expression=exp.paren(call.args[1]))
    return exp.EQ(this=exp.paren(both), expression=exp.paren(call.args[1].copy()))


_DIGITS = Parameter("digits", "integer", True, constant=True)
_WHOLE = Parameter("number", "integer")
_FLAGS = (_WHOLE, Parameter("flag", "integer"))

NUMBERS: tuple[Function, ...] = (
    Function(
        "abs",
        (Parameter("number", ANY_NUMBER),),
        ANY_NUMBER,
        "The number without its sign.",
        "abs(balance)",
        lambda call: exp.Abs(this=call.args[0]),
        kind="number",
    ),
    Function(
        "sign",
        (_NUMBER,),
        "integer",
        "-1 for a negative number, 0 for 0, 1 for a positive one.",
        "sign(balance) < 0",
        lambda call: cast(exp.Sign(this=call.args[0]), Type.INTEGER),
        kind="number",
    ),
    Function(
        "round",
        (_NUMBER, _DIGITS),
        "number",
        "Rounded to so many digits (0), half away from zero.",
        "round(amount, 2)",
        _round,
        kind="number",
    ),
    Function(
        "trunc",
        (_NUMBER, _DIGITS),
        "number",
        "Cut after so many digits (0), toward zero.",
        "trunc(amount, 1)",
        _trunc,
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
        (_WHOLE, Parameter("divisor", "integer")),
        "integer",
        "The remainder, with the sign of the number; empty for a divisor of 0.",
        "mod(points, 100)",
        _mod,
        kind="number",
    ),
    Function(
        "percent",
        (Parameter("part", "number"), Parameter("whole", "number")),
        "number",
        "The part as a percentage of the whole; empty for a whole of 0.",
        "percent(returned, bought) > 50",
        _percent,
        kind="number",
    ),
    Function(
        "power",
        (_NUMBER, Parameter("exponent", "number")),
        "number",
        "The number to a power; empty where there is none, or none that a number holds.",
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
        "set_bit",
        _FLAGS,
        "integer",
        "The number with all bits of the flag set: 5 and 2 give 7.",
        "set_bit(options, 4)",
        _bits(exp.BitwiseOr),
        kind="number",
    ),
    Function(
        "clear_bit",
        _FLAGS,
        "integer",
        "The number with all bits of the flag cleared: 7 and 2 give 5.",
        "clear_bit(options, 4)",
        _bits(exp.BitwiseAnd, inverted=True),
        kind="number",
    ),
    Function(
        "is_bit_set",
        _FLAGS,
        "boolean",
        "Whether all bits of the flag are set in the number.",
        "is_bit_set(options, 4)",
        _has_bits,
        kind="number",
    ),
)
