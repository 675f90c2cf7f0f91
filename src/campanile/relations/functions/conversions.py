"""From one type to another: what is none of it becomes empty, and no engine stops."""

from sqlglot import exp

from campanile.relations.functions.date_parts import day_of
from campanile.relations.functions.limits import (
    number,
    text,
    whole_within_range,
)
from campanile.relations.functions.numbers import digits_of, rounded
from campanile.relations.functions.rendering import FullNumberText
from campanile.relations.functions.zones import instant_of, settled, to_local
from campanile.relations.parse import refusal
from campanile.relations.scope import Scope
from campanile.relations.signatures import FREE, Call, Function, Parameter
from campanile.relations.sql import case, cast
from campanile.relations.types import Type

# Patterns of the common part of three dialects, so that a cast below them cannot fail: PostgreSQL
# has no TRY_CAST, and DuckDB's takes 'inf', '1_000' and more.
_WHOLE = "^[+-]?[0-9]{1,18}$"
_NUMBER = "^[+-]?([0-9]{1,30}([.][0-9]{0,30})?|[.][0-9]{1,30})([eE][+-]?[0-9]{1,2})?$"
_LEAP = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
_DATE = (
    "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    f"|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP}-02-29)"
)
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
_YES, _NO = ("true", "t", "yes", "y", "on", "1"), ("false", "f", "no", "n", "off", "0")
_LONGEST_DECIMAL, _LONGEST_WHOLE = 1e15, 1e18


def text_of(tree: exp.Expr, type_: Type | None, scope: Scope) -> exp.Expr:
    """A value as text: whole numbers without a point, instants on the local clock."""
    if type_ is Type.NUMBER:
        return number_text(tree)
    if type_ is Type.TIMESTAMP:
        return cast(_seconds(to_local(tree, scope)), Type.TEXT)
    return cast(tree, Type.TEXT)


def _seconds(tree: exp.Expr) -> exp.Expr:
    return exp.TimestampTrunc(this=tree, unit=exp.var("SECOND"))


def number_text(tree: exp.Expr) -> exp.Expr:
    """The text of a fraction: some engines write 1, others 1.0; from 1e15 on it has no use."""
    is_whole = exp.EQ(this=tree.copy(), expression=exp.Floor(this=tree.copy()))
    is_long = exp.Not(this=exp.paren(_is_below(tree.copy(), _LONGEST_DECIMAL)))
    in_digits = exp.and_(
        exp.paren(exp.or_(is_whole, is_long)), _is_below(tree.copy(), _LONGEST_WHOLE)
    )
    digits = cast(cast(exp.Floor(this=tree.copy()), Type.INTEGER), Type.TEXT)
    return case([(in_digits, digits)], FullNumberText(this=tree))


def _is_below(tree: exp.Expr, limit: float) -> exp.Expr:
    return exp.LT(this=exp.Abs(this=tree), expression=cast(number(repr(limit)), Type.NUMBER))


def _to_text(call: Call) -> exp.Expr:
    if len(call.args) == 1:
        return text_of(call.args[0], call.values[0].type, call.scope)
    if call.values[0].type not in (Type.INTEGER, Type.NUMBER, None):
        raise refusal("type", "Only a number has digits after the point.")
    digits = digits_of(call, 1)
    if digits < 0:
        raise refusal("constant", "The digits after the point cannot be fewer than 0.")
    fixed = exp.cast(rounded(call.args[0], digits), f"DECIMAL(38, {digits})")
    fits = _is_below(call.args[0].copy(), _LONGEST_DECIMAL)
    return case([(fits, cast(fixed, Type.TEXT))])


def _trimmed(call: Call) -> exp.Expr:
    return exp.Trim(this=call.args[0])


def _matching(tree: exp.Expr, pattern: str, to: Type) -> exp.Expr:
    """The text cast where it matches, else NULL."""
    known = exp.RegexpLike(this=tree.copy(), expression=text(pattern))
    return case([(known, exp.TryCast(this=tree, to=cast(exp.null(), to).args["to"]))])


def _to_number(call: Call) -> exp.Expr:
    kind = call.values[0].type
    if kind is Type.TEXT:
        return _matching(_trimmed(call), _NUMBER, Type.NUMBER)
    if kind is Type.BOOLEAN:
        return cast(exp.cast(call.args[0], exp.DType.INT), Type.NUMBER)
    _expect(kind, (Type.INTEGER, Type.NUMBER), "to_number() takes text, a number or a boolean")
    return cast(call.args[0], Type.NUMBER)


def _to_integer(call: Call) -> exp.Expr:
    kind = call.values[0].type
    if kind is Type.INTEGER:
        return call.args[0]
    if kind is Type.BOOLEAN:
        return cast(exp.cast(call.args[0], exp.DType.INT), Type.INTEGER)
    if kind is Type.TEXT:
        tree = _trimmed(call)
        whole = _matching(tree, _WHOLE, Type.INTEGER)
        fraction = _matching(tree.copy(), _NUMBER, Type.NUMBER)
        return exp.Coalesce(this=whole, expressions=[_rounded_whole(fraction)])
    _expect(kind, (Type.NUMBER,), "to_integer() takes text, a number or a boolean")
    return _rounded_whole(call.args[0])


def _rounded_whole(tree: exp.Expr) -> exp.Expr:
    return whole_within_range(rounded(tree, 0))


def _to_boolean(call: Call) -> exp.Expr:
    kind = call.values[0].type
    if kind is Type.BOOLEAN:
        return call.args[0]
    if kind is Type.TEXT:
        word = exp.Lower(this=_trimmed(call))
        choices = ((_YES, exp.true()), (_NO, exp.false()))
        return case(
            [(exp.In(this=word.copy(), expressions=[text(w) for w in ws]), v) for ws, v in choices]
        )
    _expect(kind, (Type.INTEGER, Type.NUMBER), "to_boolean() takes text, a number or a boolean")
    return exp.NEQ(this=exp.paren(call.args[0]), expression=number(0))


def _to_date(call: Call) -> exp.Expr:
    kind = call.values[0].type
    if kind is Type.TEXT:
        return _dated(_trimmed(call), f"^{_DATE}$", Type.DATE)
    _expect(kind, (Type.DATE, Type.TIMESTAMP), "to_date() takes text, a date or a timestamp")
    return day_of(call)


def _to_timestamp(call: Call) -> exp.Expr:
    """A text is local time, or UTC where it ends in Z."""
    kind = call.values[0].type
    if kind is not Type.TEXT:
        wanted = "to_timestamp() takes text, a date or a timestamp"
        _expect(kind, (Type.DATE, Type.TIMESTAMP), wanted)
        return instant_of(call, 0)
    tree = exp.Replace(this=_trimmed(call), expression=text("T"), replacement=text(" "))
    wall = _dated(tree, f"^{_DATE}( {_TIME})?$", Type.TIMESTAMP)
    bare = exp.Replace(this=tree.copy(), expression=text("Z"), replacement=text(""))
    universal = _dated(bare, f"^{_DATE} {_TIME}$", Type.TIMESTAMP)
    says_so = exp.RegexpLike(this=tree.copy(), expression=text("^[^Z]+Z$"))
    return case([(says_so, universal)], settled(wall, call.scope.timezone.key))


def _dated(tree: exp.Expr, pattern: str, to: Type) -> exp.Expr:
    """The text cast where it is a day of the calendar, which has no year 0."""
    year = exp.Left(this=tree.copy(), expression=number(4))
    some_year = case([(exp.NEQ(this=year, expression=text("0000")), tree)])
    return _matching(some_year, pattern, to)


def _expect(found: Type | None, wanted: tuple[Type, ...], message: str) -> None:
    if found is not None and found not in wanted:
        raise refusal("type", f"{message}, not {found}.")


_CONVERTED = Parameter("value", FREE)

CONVERSIONS: tuple[Function, ...] = (
    Function(
        "to_text",
        (_CONVERTED, Parameter("digits", "integer", optional=True, constant=True)),
        "text",
        "The value as text: instants in local time, numbers with so many digits after the point.",
        "to_text(amount, 2)",
        _to_text,
        kind="conversion",
    ),
    Function(
        "to_number",
        (_CONVERTED,),
        "number",
        "The value as a number; empty when it is none.",
        "to_number(points_text)",
        _to_number,
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
    Function(
        "to_boolean",
        (_CONVERTED,),
        "boolean",
        "Whether a number is not 0, or a text says true, t, yes, y, on or 1, in any case.",
        "to_boolean(newsletter_text)",
        _to_boolean,
        kind="conversion",
    ),
    Function(
        "to_date",
        (_CONVERTED,),
        "date",
        "The day of an instant or of a text such as 2026-01-31; empty when it is none.",
        "to_date(birthday_text)",
        _to_date,
        kind="conversion",
    ),
    Function(
        "to_timestamp",
        (_CONVERTED,),
        "timestamp",
        "The instant of a text such as 2026-01-31 09:00 in local time, or with Z in UTC; of a date,"
        " its midnight; empty when it is none.",
        "to_timestamp(imported_at_text) >= days_ago(7)",
        _to_timestamp,
        kind="conversion",
    ),
)
