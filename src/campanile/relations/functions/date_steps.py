"""Going from one date or instant to another, and the time between two of them."""

from collections.abc import Callable, Mapping

from sqlglot import exp

from campanile.relations.functions.clock import today
from campanile.relations.functions.date_parts import day_of, extracted
from campanile.relations.functions.limits import floor_divide, literal_whole, number
from campanile.relations.functions.rendering import Microseconds
from campanile.relations.functions.zones import instant_of
from campanile.relations.parse import refusal
from campanile.relations.signatures import MOMENT, Call, Function, Parameter
from campanile.relations.sql import case, cast, constant
from campanile.relations.types import Type

_SECONDS: Mapping[str, int] = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600}
_FARTHEST: Mapping[str, int] = {  # a thousand years, or what 32 bits hold
    "SECOND": 2_000_000_000,
    "MINUTE": 500_000_000,
    "HOUR": 8_000_000,
    "DAY": 365_000,
    "MONTH": 12_000,
    "YEAR": 1_000,
}


def _added_days(unit: str):  # type: ignore[no-untyped-def]
    """A year is twelve months: engines agree on how a month's last days are met."""

    def build(call: Call) -> exp.Expr:
        count = _steps(call, unit)
        if unit == "YEAR":
            count = exp.Mul(this=count, expression=number(12))
        by = exp.var("DAY" if unit == "DAY" else "MONTH")
        return cast(exp.DateAdd(this=day_of(call), expression=count, unit=by), Type.DATE)

    return build


def _added_time(unit: str):  # type: ignore[no-untyped-def]
    def build(call: Call) -> exp.Expr:
        moment = exp.paren(instant_of(call, 0))
        return exp.TimestampAdd(this=moment, expression=_steps(call, unit), unit=exp.var(unit))

    return build


def _steps(call: Call, unit: str) -> exp.Expr:
    """The count in 32 bits; a calculated one beyond the limit gives nothing."""
    farthest, known = _FARTHEST[unit], literal_whole(call, 1)
    if known is not None:
        if abs(known) > farthest:
            raise refusal("constant", f"The count must be between -{farthest} and {farthest}.")
        return constant(known, Type.INTEGER)
    count = call.args[1]
    near = exp.Between(this=count.copy(), low=number(-farthest), high=number(farthest))
    return exp.cast(case([(near, count)]), exp.DType.INT)


def _days_between(call: Call) -> exp.Expr:
    return _days(day_of(call, 0), day_of(call, 1))


def _days(start: exp.Expr, end: exp.Expr) -> exp.Expr:
    return cast(exp.DateDiff(this=end, expression=start, unit=exp.var("DAY")), Type.INTEGER)


def _time_between(unit: str):  # type: ignore[no-untyped-def]
    """Whole units that passed, not boundaries that were crossed."""

    def build(call: Call) -> exp.Expr:
        start, end = (Microseconds(this=instant_of(call, i)) for i in (0, 1))
        return floor_divide(exp.Sub(this=end, expression=start), _SECONDS[unit] * 1_000_000)

    return build


def _months(start: exp.Expr, end: exp.Expr) -> exp.Expr:
    """Whole months: the count of month ends, less one while the day of month is not reached."""

    def ordinal(day: exp.Expr) -> exp.Expr:
        years = exp.Mul(this=extracted("YEAR", day.copy()), expression=number(12))
        return exp.paren(exp.Add(this=years, expression=extracted("MONTH", day.copy())))

    early = exp.LT(this=extracted("DAY", end.copy()), expression=extracted("DAY", start.copy()))
    less = case([(early, number(1))], number(0))
    whole = exp.Sub(this=ordinal(end), expression=ordinal(start))
    return exp.paren(exp.Sub(this=whole, expression=less))


def _years(start: exp.Expr, end: exp.Expr) -> exp.Expr:
    months = cast(_months(start, end), Type.NUMBER)
    twelfth = exp.Div(this=months, expression=number(12), typed=False, safe=False)
    return cast(exp.Floor(this=twelfth), Type.INTEGER)


def _between(measure: Callable[[exp.Expr, exp.Expr], exp.Expr]):  # type: ignore[no-untyped-def]
    return lambda call: measure(day_of(call, 0), day_of(call, 1))


def _old(measure: Callable[[exp.Expr, exp.Expr], exp.Expr]):  # type: ignore[no-untyped-def]
    return lambda call: measure(day_of(call), constant(today(call.scope), Type.DATE))


_WHEN = Parameter("when", MOMENT)
_COUNT = Parameter("count", "integer")
_SPAN = (Parameter("from", MOMENT), Parameter("to", MOMENT))


def _adds(unit: str, gives: str, example: str) -> Function:
    is_clock = unit in _SECONDS
    build = _added_time(unit) if is_clock else _added_days(unit)
    result = "timestamp" if is_clock else "date"
    name = f"add_{unit.lower()}s"
    return Function(name, (_WHEN, _COUNT), result, gives, example, build, kind="date")


def _measures(name: str, gives: str, example: str, build, of=_SPAN) -> Function:  # type: ignore[no-untyped-def]
    return Function(name, of, "integer", gives, example, build, kind="date")


STEPS: tuple[Function, ...] = (
    _adds("SECOND", "The instant so many seconds later.", "add_seconds(placed_at, 90)"),
    _adds("MINUTE", "The instant so many minutes later.", "add_minutes(placed_at, 30)"),
    _adds("HOUR", "The instant so many hours later.", "add_hours(placed_at, 48) < now()"),
    _adds(
        "DAY",
        "The day so many days later; add_hours() keeps the time of day.",
        "add_days(today(), 30)",
    ),
    _adds(
        "MONTH",
        "The day so many months later, at most the month's last.",
        "add_months(start_date, 12)",
    ),
    _adds(
        "YEAR",
        "The day so many years later; of 29 February, the 28th.",
        "add_years(birth_date, 18) <= today()",
    ),
    _measures(
        "seconds_between",
        "Whole seconds from one instant to another; negative when the second is earlier.",
        "seconds_between(opened_at, clicked_at) < 2",
        _time_between("SECOND"),
    ),
    _measures(
        "minutes_between",
        "Whole minutes that passed from one instant to another.",
        "minutes_between(placed_at, shipped_at) <= 90",
        _time_between("MINUTE"),
    ),
    _measures(
        "hours_between",
        "Whole hours that passed from one instant to another.",
        "hours_between(placed_at, now()) < 24",
        _time_between("HOUR"),
    ),
    _measures(
        "days_between",
        "Days from one calendar day to another; negative when the second is earlier.",
        "days_between(placed_at, today()) <= 30",
        _days_between,
    ),
    _measures(
        "months_between",
        "Whole months from one day to a later one.",
        "months_between(joined_on, today()) >= 6",
        _between(_months),
    ),
    _measures(
        "years_between",
        "Whole years from one day to a later one.",
        "years_between(birth_date, placed_at) >= 18",
        _between(_years),
    ),
    _measures(
        "days_old",
        "Days from that day to today.",
        "days_old(placed_at) <= 30",
        _old(_days),
        (_WHEN,),
    ),
    _measures(
        "months_old",
        "Whole months from that day to today.",
        "months_old(joined_on) >= 6",
        _old(_months),
        (_WHEN,),
    ),
    _measures(
        "years_old",
        "Whole years from that day to today.",
        "years_old(birth_date) >= 18",
        _old(_years),
        (_WHEN,),
    ),
)
