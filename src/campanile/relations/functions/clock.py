"""The instants of an execution and what is counted from them; they are fixed in the rule."""

import calendar
from datetime import date, datetime, timedelta

from sqlglot import exp

from campanile.relations.parse import refusal
from campanile.relations.scope import Scope
from campanile.relations.signatures import Call, Function, Parameter, instant
from campanile.relations.sql import constant
from campanile.relations.times import local_date
from campanile.relations.types import Type


def today(scope: Scope) -> date:
    """The day of now() in the campaign's zone."""
    return local_date(scope.now, scope.timezone)


def _instant(which: str):  # type: ignore[no-untyped-def]
    return lambda call: constant(instant(call.scope, which), Type.TIMESTAMP)


def _count(call: Call) -> int:
    return int(str(call.values[0].literal))


def _days_ago(call: Call) -> exp.Expr:
    with _on_the_calendar("days_ago"):
        return constant(today(call.scope) - timedelta(days=_count(call)), Type.DATE)


def _months_ago(name: str, months: int):  # type: ignore[no-untyped-def]
    def build(call: Call) -> exp.Expr:
        with _on_the_calendar(name):
            day = _months_earlier(today(call.scope), months * _count(call))
            return constant(day, Type.DATE)

    return build


def _months_earlier(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def _hours_ago(call: Call) -> exp.Expr:
    with _on_the_calendar("hours_ago"):
        earlier: datetime = call.scope.now - timedelta(hours=_count(call))
        return constant(earlier, Type.TIMESTAMP)


class _on_the_calendar:
    """Refuse what is before the year 1 or after 9999."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OverflowError | ValueError):
            raise refusal("constant", f"{self._name}() reaches beyond the calendar.") from None


CLOCK: tuple[Function, ...] = (
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
        lambda call: constant(today(call.scope), Type.DATE),
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
        "hours_ago",
        (Parameter("hours", "integer", constant=True),),
        "timestamp",
        "The instant so many hours before now().",
        "placed_at >= hours_ago(48)",
        _hours_ago,
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
        "months_ago",
        (Parameter("months", "integer", constant=True),),
        "date",
        "The same day so many months before today, at most that month's last.",
        "placed_at >= months_ago(36)",
        _months_ago("months_ago", 1),
        kind="date",
    ),
    Function(
        "years_ago",
        (Parameter("years", "integer", constant=True),),
        "date",
        "The same day so many years before today; of 29 February, the 28th.",
        "birth_date <= years_ago(18)",
        _months_ago("years_ago", 12),
        kind="date",
    ),
)
