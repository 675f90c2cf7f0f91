"""Functions over dates and instants; parts of an instant are read in the campaign's zone."""

from datetime import date, timedelta

from sqlglot import exp

from campanile.relations.parse import refusal
from campanile.relations.scope import Scope
from campanile.relations.signatures import FREE, MOMENT, Call, Function, Parameter, instant
from campanile.relations.times import local_date
from campanile.relations.types import Type
from campanile.relations.values import cast, constant


def to_local(tree: exp.Expr, scope: Scope) -> exp.Expr:
    """A UTC instant as local wall time of the scope's zone."""
    return _between_zones(tree, "UTC", scope.timezone.key)


def to_instant(tree: exp.Expr, scope: Scope) -> exp.Expr:
    """A date, or local wall time, as a UTC instant: a date is its local midnight."""
    return _between_zones(cast(tree, Type.TIMESTAMP), scope.timezone.key, "UTC")


def _between_zones(tree: exp.Expr, source: str, target: str) -> exp.Expr:
    if source == target:
        return tree
    return exp.ConvertTimezone(
        source_tz=exp.Literal.string(source), target_tz=exp.Literal.string(target), timestamp=tree
    )


def _day(call: Call, position: int = 0) -> exp.Expr:
    """The calendar day of an argument, as a DATE."""
    tree, value = call.args[position], call.values[position]
    return cast(to_local(tree, call.scope), Type.DATE) if value.type is Type.TIMESTAMP else tree


def _today(scope: Scope) -> date:
    return local_date(scope.now, scope.timezone)


def _whole(call: Call, position: int) -> int:
    return int(str(call.values[position].literal))


def _days_ago(call: Call) -> exp.Expr:
    try:
        return constant(_today(call.scope) - timedelta(days=_whole(call, 0)), Type.DATE)
    except OverflowError:
        raise refusal("constant", "days_ago() reaches beyond the calendar.") from None


def _add(unit: str):  # type: ignore[no-untyped-def]
    def build(call: Call) -> exp.Expr:
        added = exp.DateAdd(this=_day(call), expression=call.args[1], unit=exp.var(unit))
        return cast(added, Type.DATE)

    return build


def _days_between(call: Call) -> exp.Expr:
    days = exp.DateDiff(this=_day(call, 1), expression=_day(call, 0), unit=exp.var("DAY"))
    return cast(days, Type.INTEGER)


def _part(name: str):  # type: ignore[no-untyped-def]
    def build(call: Call) -> exp.Expr:
        return _extract(name, _day(call))

    return build


def _extract(name: str, day: exp.Expr) -> exp.Expr:
    return cast(exp.Extract(this=exp.var(name), expression=day), Type.INTEGER)


def _weekday(call: Call) -> exp.Expr:
    """Days since a known Monday, so that no engine's idea of a week's start matters."""
    monday = constant(date(1900, 1, 1), Type.DATE)
    days = cast(exp.DateDiff(this=_day(call), expression=monday, unit=exp.var("DAY")), Type.INTEGER)
    seven = exp.Literal.number(7)
    shifted = exp.paren(
        exp.Add(this=exp.paren(exp.Mod(this=days, expression=seven)), expression=seven.copy())
    )
    return exp.paren(
        exp.Add(
            this=exp.Mod(this=shifted, expression=seven.copy()), expression=exp.Literal.number(1)
        )
    )


def _hour(call: Call) -> exp.Expr:
    return _extract("HOUR", to_local(call.args[0], call.scope))


def _months_between(call: Call) -> exp.Expr:
    """Whole months: the count of month ends, less one while the day of month is not reached."""
    return _months(_day(call, 0), _day(call, 1))


def _months(start: exp.Expr, end: exp.Expr) -> exp.Expr:
    def ordinal(day: exp.Expr) -> exp.Expr:
        years = exp.Mul(this=_extract("YEAR", day.copy()), expression=exp.Literal.number(12))
        return exp.paren(exp.Add(this=years, expression=_extract("MONTH", day.copy())))

    early = exp.LT(this=_extract("DAY", end.copy()), expression=_extract("DAY", start.copy()))
    less = exp.Case(
        ifs=[exp.If(this=early, true=exp.Literal.number(1))], default=exp.Literal.number(0)
    )
    whole = exp.Sub(this=ordinal(end), expression=ordinal(start))
    return exp.paren(exp.Sub(this=whole, expression=less))


def _years_old(call: Call) -> exp.Expr:
    months = _months(_day(call), constant(_today(call.scope), Type.DATE))
    twelfth = exp.Div(this=cast(months, Type.NUMBER), expression=exp.Literal.number(12))
    return cast(exp.Floor(this=twelfth), Type.INTEGER)


def _start(unit: str):  # type: ignore[no-untyped-def]
    """The first day of the unit that holds a day (today when none is given)."""

    def build(call: Call) -> exp.Expr:
        if not call.args:
            return constant(_first_day(_today(call.scope), unit), Type.DATE)
        return cast(exp.TimestampTrunc(this=_day(call), unit=exp.var(unit)), Type.DATE)

    return build


def _first_day(day: date, unit: str) -> date:
    if unit == "WEEK":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1, month=1) if unit == "YEAR" else day.replace(day=1)


def _to_date(call: Call) -> exp.Expr:
    value = call.values[0]
    if value.type is Type.TEXT:
        text = exp.Nullif(this=exp.Trim(this=call.args[0]), expression=exp.Literal.string(""))
        return exp.TryCast(this=text, to=exp.DataType.build("DATE"))
    if value.type in (Type.DATE, Type.TIMESTAMP):
        return _day(call)
    raise refusal("type", f"to_date() takes text, a date or a timestamp, not {value.type}.")


def _instant(which: str):  # type: ignore[no-untyped-def]
    return lambda call: constant(instant(call.scope, which), Type.TIMESTAMP)


_WHEN = Parameter("when", MOMENT)
_MAYBE = Parameter("when", MOMENT, optional=True)
_COUNT = Parameter("count", "integer")

DATES: tuple[Function, ...] = (
    Function(
        "now",
        (),
        "timestamp",
        "The instant this part of the campaign was due.",
        "placed_at < now()",
        _instant("now"),
        kind="date",
    ),
    Function(
        "today",
        (),
        "date",
        "The day of now(), in the campaign's zone.",
        "end_date = today()",
        lambda call: constant(_today(call.scope), Type.DATE),
        kind="date",
    ),
    Function(
        "started_at",
        (),
        "timestamp",
        "When this execution started.",
        "placed_at >= started_at()",
        _instant("started"),
        kind="date",
    ),
    Function(
        "previous_start",
        (),
        "timestamp",
        "When the execution before this one started, if any.",
        "placed_at >= previous_start()",
        _instant("previous"),
        kind="date",
    ),
    Function(
        "days_ago",
        (Parameter("days", "integer", constant=True),),
        "date",
        "The day so many days before today; as an instant, its local midnight.",
        "placed_at >= days_ago(30)",
        _days_ago,
        kind="date",
    ),
    Function(
        "add_days",
        (_WHEN, _COUNT),
        "date",
        "The day so many days later.",
        "add_days(today(), 30)",
        _add("DAY"),
        kind="date",
    ),
    Function(
        "add_months",
        (_WHEN, _COUNT),
        "date",
        "The day so many months later, at most the month's last.",
        "add_months(start_date, 12)",
        _add("MONTH"),
        kind="date",
    ),
    Function(
        "days_between",
        (Parameter("from", MOMENT), Parameter("to", MOMENT)),
        "integer",
        "Days from one day to another; negative when the second is earlier.",
        "days_between(placed_at, today()) <= 30",
        _days_between,
        kind="date",
    ),
    Function(
        "months_between",
        (Parameter("from", MOMENT), Parameter("to", MOMENT)),
        "integer",
        "Whole months from one day to a later one.",
        "months_between(joined_on, today()) >= 6",
        _months_between,
        kind="date",
    ),
    Function(
        "years_old",
        (_WHEN,),
        "integer",
        "Whole years from that day to today.",
        "years_old(birth_date) >= 18",
        _years_old,
        kind="date",
    ),
    Function(
        "year", (_WHEN,), "integer", "The year.", "year(placed_at)", _part("YEAR"), kind="date"
    ),
    Function(
        "month",
        (_WHEN,),
        "integer",
        "The month, 1 to 12.",
        "month(birth_date) = month(today())",
        _part("MONTH"),
        kind="date",
    ),
    Function(
        "day",
        (_WHEN,),
        "integer",
        "The day of the month.",
        "day(birth_date)",
        _part("DAY"),
        kind="date",
    ),
    Function(
        "weekday",
        (_WHEN,),
        "integer",
        "The day of the week, 1 is Monday.",
        "weekday(placed_at) >= 6",
        _weekday,
        kind="date",
    ),
    Function(
        "hour",
        (Parameter("when", "timestamp"),),
        "integer",
        "The hour of the local day, 0 to 23.",
        "hour(placed_at) >= 18",
        _hour,
        kind="date",
    ),
    Function(
        "date_of",
        (_WHEN,),
        "date",
        "The local day of an instant.",
        "date_of(placed_at)",
        _day,
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
        "start_of_year",
        (_MAYBE,),
        "date",
        "The first of January of that year (this year).",
        "placed_at >= start_of_year()",
        _start("YEAR"),
        kind="date",
    ),
    Function(
        "to_date",
        (Parameter("value", FREE),),
        "date",
        "The day of an instant or of a text such as 2026-01-31; empty when it is none.",
        "to_date(birthday_text)",
        _to_date,
        kind="conversion",
    ),
)
