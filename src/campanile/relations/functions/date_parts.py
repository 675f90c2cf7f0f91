"""Parts and beginnings of dates and instants, read on the clock of the campaign's zone."""

from datetime import date, timedelta

from sqlglot import exp

from campanile.relations.functions.clock import today
from campanile.relations.functions.limits import added, literal_whole, number, text
from campanile.relations.functions.text import joined
from campanile.relations.functions.zones import between_zones, instant_of, to_local, zone_of
from campanile.relations.parse import refusal
from campanile.relations.signatures import MOMENT, Call, Function, Parameter
from campanile.relations.sql import cast, constant
from campanile.relations.types import Type

DAY_SECONDS = 86_400


def day_of(call: Call, position: int = 0) -> exp.Expr:
    """The calendar day of an argument, as a DATE."""
    tree, value = call.args[position], call.values[position]
    return cast(to_local(tree, call.scope), Type.DATE) if value.type is Type.TIMESTAMP else tree


def extracted(name: str, tree: exp.Expr) -> exp.Expr:
    """A part of a date or timestamp as a whole number."""
    return cast(exp.Extract(this=exp.var(name), expression=tree), Type.INTEGER)


def _part(name: str):  # type: ignore[no-untyped-def]
    return lambda call: extracted(name, day_of(call))


def _clock_part(name: str):  # type: ignore[no-untyped-def]
    return lambda call: extracted(name, _to_second(to_local(call.args[0], call.scope)))


def _to_second(tree: exp.Expr) -> exp.Expr:
    """Without the fraction, which some engines count as part of the second."""
    return exp.TimestampTrunc(this=tree, unit=exp.var("SECOND"))


def _digits(*parts: tuple[str, int]):  # type: ignore[no-untyped-def]
    """Parts of a date as the digits of one number, such as 20260131."""

    def build(call: Call) -> exp.Expr:
        pieces = [
            exp.Mul(this=extracted(name, day_of(call).copy()), expression=number(weight))
            for name, weight in parts
        ]
        return added(pieces)

    return build


def _weekday(call: Call) -> exp.Expr:
    """Days since a known Monday, so that no engine's idea of a week's start matters."""
    monday = constant(date(1900, 1, 1), Type.DATE)
    apart = exp.DateDiff(this=day_of(call), expression=monday, unit=exp.var("DAY"))
    shifted = exp.Add(
        this=exp.paren(exp.Mod(this=cast(apart, Type.INTEGER), expression=number(7))),
        expression=number(7),
    )
    rest = exp.Mod(this=exp.paren(shifted), expression=number(7))
    return exp.paren(exp.Add(this=rest, expression=number(1)))


def _start(unit: str):  # type: ignore[no-untyped-def]
    """The first day of the unit that holds a day (today when none is given)."""

    def build(call: Call) -> exp.Expr:
        if not call.args:
            return constant(_first_day(today(call.scope), unit), Type.DATE)
        return cast(exp.TimestampTrunc(this=day_of(call), unit=exp.var(unit)), Type.DATE)

    return build


def _first_day(day: date, unit: str) -> date:
    if unit == "WEEK":
        return day - timedelta(days=day.weekday())
    months = {"MONTH": day.month, "QUARTER": (day.month - 1) // 3 * 3 + 1, "YEAR": 1}
    return day.replace(day=1, month=months[unit])


def _step(call: Call) -> int:
    """The fixed number of seconds to count in, 1 when it is not given."""
    step = literal_whole(call, 1) if len(call.args) > 1 else 1
    if step is None or not 1 <= step <= DAY_SECONDS:
        raise refusal("constant", f"The seconds must be 1 to {DAY_SECONDS}, which is a day.")
    return step


def _seconds_of_day(wall: exp.Expr) -> exp.Expr:
    whole = _to_second(wall)
    hours = exp.Mul(this=extracted("HOUR", whole), expression=number(3600))
    minutes = exp.Mul(this=extracted("MINUTE", whole.copy()), expression=number(60))
    early = exp.Add(this=hours, expression=minutes)
    return exp.paren(exp.Add(this=early, expression=extracted("SECOND", whole.copy())))


def _floor_time(call: Call) -> exp.Expr:
    """The seconds since the step began are taken away, so that no wall time is turned back."""
    moment = instant_of(call, 0)
    wall = between_zones(moment.copy(), "UTC", zone_of(call, 2))
    over = exp.Mod(this=_seconds_of_day(wall), expression=number(_step(call)))
    back = exp.cast(exp.Neg(this=exp.paren(over)), exp.DType.INT)
    return exp.TimestampAdd(
        this=exp.paren(_to_second(moment)), expression=back, unit=exp.var("SECOND")
    )


def _time_of(call: Call) -> exp.Expr:
    passed = _seconds_of_day(to_local(call.args[0], call.scope))
    over = exp.Mod(this=passed.copy(), expression=number(_step(call)))
    whole = exp.paren(exp.Sub(this=passed, expression=exp.paren(over)))
    rest = exp.paren(exp.Mod(this=whole.copy(), expression=number(3600)))
    pieces = [_whole_parts(whole, 3600), _whole_parts(rest, 60)]
    pieces.append(exp.paren(exp.Mod(this=whole.copy(), expression=number(60))))
    shown: list[exp.Expr] = []
    for piece in pieces:
        digits = cast(cast(piece, Type.INTEGER), Type.TEXT)
        two = exp.Pad(this=digits, fill_pattern=text("0"), expression=number(2), is_left=True)
        shown += [two, text(":")]
    return joined(shown[:-1])


def _whole_parts(tree: exp.Expr, of: int) -> exp.Expr:
    quotient = exp.Div(
        this=cast(tree.copy(), Type.NUMBER),
        expression=cast(number(of), Type.NUMBER),
        typed=False,
        safe=False,
    )
    return exp.Floor(this=quotient)


_WHEN = Parameter("when", MOMENT)
_MAYBE = Parameter("when", MOMENT, optional=True)
_INSTANT = Parameter("when", "timestamp")


def _about(name: str, gives: str, example: str, build, when: Parameter = _WHEN) -> Function:  # type: ignore[no-untyped-def]
    return Function(name, (when,), "integer", gives, example, build, kind="date")


PARTS_OF_DATES: tuple[Function, ...] = (
    _about("year", "The year.", "year(placed_at) = 2026", _part("YEAR")),
    _about("quarter", "The quarter, 1 to 4.", "quarter(placed_at) = 4", _part("QUARTER")),
    _about("month", "The month, 1 to 12.", "month(birth_date) = month(today())", _part("MONTH")),
    _about("day", "The day of the month.", "day(birth_date)", _part("DAY")),
    _about("day_of_year", "The day of the year, from 1.", "day_of_year(placed_at)", _part("DOY")),
    _about("weekday", "The day of the week, 1 is Monday.", "weekday(placed_at) >= 6", _weekday),
    _about(
        "year_month",
        "Year and month as one number: 202611.",
        "year_month(placed_at) = 202611",
        _digits(("YEAR", 100), ("MONTH", 1)),
    ),
    _about(
        "date_number",
        "The day as one number: 20261122.",
        "date_number(placed_at) >= 20261122",
        _digits(("YEAR", 10_000), ("MONTH", 100), ("DAY", 1)),
    ),
    _about(
        "hour",
        "The hour of the local day, 0 to 23.",
        "hour(placed_at) >= 18",
        _clock_part("HOUR"),
        _INSTANT,
    ),
    _about(
        "minute", "The minute, 0 to 59.", "minute(placed_at) = 0", _clock_part("MINUTE"), _INSTANT
    ),
    _about(
        "second",
        "The second, 0 to 59, without its fraction.",
        "second(placed_at) = 0",
        _clock_part("SECOND"),
        _INSTANT,
    ),
    Function(
        "time_of",
        (_INSTANT, Parameter("seconds", "integer", optional=True, constant=True)),
        "text",
        "The local time of day as 18:05:59, cut to steps of so many seconds (1) since midnight.",
        "time_of(placed_at) between '18:00:00' and '21:59:59'",
        _time_of,
        kind="date",
    ),
    Function(
        "floor_time",
        (
            _WHEN,
            Parameter("seconds", "integer", constant=True),
            Parameter("zone", "text", optional=True, constant=True),
        ),
        "timestamp",
        "The beginning of the step of so many seconds since midnight in the zone (the campaign's).",
        "floor_time(placed_at, 3600)",
        _floor_time,
        kind="date",
    ),
    Function(
        "date_of",
        (_WHEN,),
        "date",
        "The local day of an instant.",
        "date_of(placed_at)",
        day_of,
        ("start_of_day",),
        kind="date",
    ),
    Function(
        "start_of_week",
        (_MAYBE,),
        "date",
        "The Monday of that week (this week).",
        "placed_at >= start_of_week()",
        _start("WEEK"),
        kind="date",
    ),
    Function(
        "start_of_month",
        (_MAYBE,),
        "date",
        "The first day of that month (this month).",
        "placed_at >= start_of_month()",
        _start("MONTH"),
        kind="date",
    ),
    Function(
        "start_of_quarter",
        (_MAYBE,),
        "date",
        "The first day of that quarter (this quarter).",
        "placed_at >= start_of_quarter()",
        _start("QUARTER"),
        kind="date",
    ),
    Function(
        "start_of_year",
        (_MAYBE,),
        "date",
        "The first of January of that year (this year).",
        "placed_at >= start_of_year()",
        _start("YEAR"),
        kind="date",
    ),
)
