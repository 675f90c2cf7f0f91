"""Which days a schedule means: all, weekdays, the 15th, the last, the second Tuesday."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

from campanile.activities.values import fault

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)


@dataclass(frozen=True)
class DayRule:
    """One rule about days, as written in `text`.

    `number` is the day of the month, or the occurrence of `weekday` (Monday is 0) in it; -1: last.
    """

    text: str
    kind: Literal["all", "weekdays", "weekday", "day_of_month", "nth_weekday"]
    number: int = 0
    weekday: int = 0

    def holds(self, day: date) -> bool:
        """Whether `day` is one of these days."""
        if self.kind == "all":
            return True
        if self.kind == "weekdays":
            return day.weekday() < 5
        if self.kind == "weekday":
            return day.weekday() == self.weekday
        if self.kind == "day_of_month":
            return day.day == (self.number if self.number > 0 else _days_in(day))
        return day.weekday() == self.weekday and self._is_nth(day)

    def _is_nth(self, day: date) -> bool:
        if self.number < 0:
            return (day + timedelta(days=7)).month != day.month
        return (day.day - 1) // 7 + 1 == self.number

    def __str__(self) -> str:
        return self.text


def parse_day_rule(written: object) -> DayRule:
    """Read `all`, `weekdays`, `mon`, `15`, `last`, `2nd tue` or `last fri`."""
    if isinstance(written, DayRule):
        return written
    text = " ".join(str(written).lower().split())
    if text in ("all", "weekdays"):
        return DayRule(text, "all" if text == "all" else "weekdays")
    if text in WEEKDAYS:
        return DayRule(text, "weekday", weekday=WEEKDAYS.index(text))
    if re.fullmatch(r"\d{1,2}", text) and 1 <= int(text) <= 31:
        return DayRule(text, "day_of_month", int(text))
    if text == "last":
        return DayRule(text, "day_of_month", -1)
    found = re.fullmatch(r"(1st|2nd|3rd|4th|5th|last) (mon|tue|wed|thu|fri|sat|sun)", text)
    if not found:
        fault("days", f"`{written}` is not a day: all, weekdays, mon … sun, 1 … 31, last, 2nd tue.")
    number = -1 if found[1] == "last" else int(found[1][0])
    return DayRule(text, "nth_weekday", number, WEEKDAYS.index(found[2]))


def parse_month(written: object) -> int:
    """Read `jan` … `dec` as 1 … 12."""
    if isinstance(written, int):
        return written
    text = str(written).lower().strip()
    if text not in MONTHS:
        fault("months", f"`{written}` is not a month: {', '.join(MONTHS)}.")
    return MONTHS.index(text) + 1


def _days_in(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _one_or_many(written: Any) -> Any:
    return (written,) if isinstance(written, str) else written


_Day = Annotated[
    DayRule,
    PlainValidator(parse_day_rule),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["mon", "15", "last", "2nd tue"]}),
]
_Month = Annotated[
    int,
    PlainValidator(parse_month),
    PlainSerializer(lambda month: MONTHS[month - 1]),
    WithJsonSchema({"enum": list(MONTHS)}),
]
Days = Annotated[tuple[_Day, ...], BeforeValidator(_one_or_many)]
Months = Annotated[tuple[_Month, ...], BeforeValidator(_one_or_many)]
