"""The values of options: durations, sizes, rates, local times, rules and sort lists, as written."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, NoReturn

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from campanile.activities.local_times import LocalMoment, write_time
from campanile.catalog.names import ColumnName, Name

_UNITS: Final = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}
_PARAMETER = re.compile(r"param\.([a-z][a-z0-9]*(?:_[a-z0-9]+)*)")


def fault(code: str, message: str, *path: str | int) -> NoReturn:
    """Refuse a value; `path` leads from the option to the faulty part of it."""
    raise PydanticCustomError(code, "{text}", {"text": message, "path": list(path)})


@dataclass(frozen=True)
class ParameterRef:
    """`param.name` where a number, date or duration may stand; its value comes at execution."""

    name: str

    def __str__(self) -> str:
        return f"param.{self.name}"


@dataclass(frozen=True)
class Marked:
    """What the text of an option is, so that all rules of a campaign can be found and checked."""

    kind: Literal["rule", "value", "order", "table_rule"]


@dataclass(frozen=True)
class Size:
    """How many rows: a number of them, or a percentage of the input or of the rows matched."""

    amount: int | Decimal | ParameterRef
    unit: Literal["rows", "percent", "percent_of_matched"]

    def __str__(self) -> str:
        suffix = {"rows": "", "percent": "%", "percent_of_matched": "% of matched"}[self.unit]
        return f"{self.amount}{suffix}"


def parse_duration(written: object) -> timedelta | ParameterRef:
    """Read `90 minutes` or `1 day 12 hours`; a `timedelta` is taken as it is."""
    if isinstance(written, timedelta | ParameterRef):
        return written
    text = str(written).strip()
    if reference := _parameter(text):
        return reference
    parts = re.findall(r"(\d+)\s*(week|day|hour|minute|second)s?(?=\s|\d|$)", text)
    whole = re.fullmatch(r"(\d+\s*(week|day|hour|minute|second)s?\s*)+", text)
    seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if not whole or not 0 < seconds <= 3660 * 86400:
        fault("duration", f"`{text}` is not a duration, such as `90 minutes` or `1 day 12 hours`.")
    return timedelta(seconds=seconds)


def write_duration(value: timedelta | ParameterRef) -> str:
    """Write a duration the way it is read, in the largest units that are whole."""
    if isinstance(value, ParameterRef):
        return str(value)
    rest, words = int(value.total_seconds()), []
    for unit, seconds in _UNITS.items():
        number, rest = divmod(rest, seconds) if unit != "week" or not rest % 604800 else (0, rest)
        if number:
            words.append(f"{number} {unit}{'s' if number > 1 else ''}")
    return " ".join(words)


def parse_size(written: object) -> Size:
    """Read `500`, `10%`, `10% of matched` or `param.name`."""
    if isinstance(written, Size):
        return written
    text = str(written).strip()
    if reference := _parameter(text):
        return Size(reference, "rows")
    if re.fullmatch(r"\d{1,12}", text):
        return Size(int(text), "rows")
    percent = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%(\s+of\s+matched)?", text)
    if not percent or Decimal(percent[1]) > 100:
        fault("size", f"`{text}` is not a size: write `500`, `10%` or `10% of matched`.")
    return Size(Decimal(percent[1]), "percent_of_matched" if percent[2] else "percent")


def parse_count(written: object) -> int | ParameterRef:
    """Read a whole number from 0, or `param.name`."""
    if isinstance(written, ParameterRef):
        return written
    text = str(written).strip()
    if reference := _parameter(text):
        return reference
    if not re.fullmatch(r"\d{1,12}", text):
        fault("count", f"`{text}` is not a whole number.")
    return int(text)


def parse_count_or_all(written: object) -> int | ParameterRef:
    """Read a whole number from 1, `param.name`, or `all` as 0."""
    found = 0 if written == "all" else parse_count(written)
    if found == 0 and written not in ("all", 0):
        fault("count", f"`{written}` keeps nothing: write `all`, or a number from 1.")
    return found


def parse_rate(written: object) -> Decimal | ParameterRef:
    """Read `200/s`, `600/minute` or `5000/hour` as messages a second."""
    if isinstance(written, Decimal | ParameterRef):
        return written
    text = str(written).strip()
    if reference := _parameter(text):
        return reference
    rate = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)\s*/\s*(s|second|min|minute|h|hour)", text)
    if not rate or not Decimal(rate[1]):
        fault("rate", f"`{text}` is not a rate: write `200/s`, `600/minute` or `5000/hour`.")
    return Decimal(rate[1]) / {"s": 1, "m": 60, "h": 3600}[rate[2][0]]


def write_rate(value: Decimal | ParameterRef) -> str:
    """Write a rate the way it is read."""
    return str(value) if isinstance(value, ParameterRef) else f"{value:f}/s"


def parse_date(written: object) -> date | ParameterRef:
    """Read `2026-12-24` or `param.name`."""
    if isinstance(written, date | ParameterRef):
        return written
    text = str(written).strip()
    if reference := _parameter(text):
        return reference
    found = _date(text)
    if found is None:
        fault("date", f"`{text}` is not a date; write it as 2026-12-24.")
    return found


def parse_time(written: object) -> time:
    """Read `09:00`."""
    if isinstance(written, time):
        return written
    found = _time(str(written).strip())
    if found is None:
        fault("time", f"`{written}` is not a time; write it as 09:00.")
    return found


def parse_moment(written: object) -> LocalMoment | ParameterRef:
    """Read `2026-12-24 09:00`, a bare date (its midnight) or `param.name`."""
    if isinstance(written, LocalMoment | ParameterRef):
        return written
    text = str(written).strip()
    if reference := _parameter(text):
        return reference
    day_text, _, time_text = text.replace("T", " ", 1).partition(" ")
    day, moment = _date(day_text), _time(time_text.strip() or "00:00")
    if day is None or moment is None:
        fault("moment", f"`{text}` is not a date and time; write it as 2026-12-24 09:00.")
    return LocalMoment(day, moment)


def parse_moment_or_time(written: object) -> LocalMoment | time | ParameterRef:
    """Read `2026-12-24 09:00`, or `09:00` for the next time the clock shows it."""
    if isinstance(written, time):
        return written
    found = _time(str(written).strip())
    return found if found is not None else parse_moment(written)


def parse_rule(written: object) -> Any:
    """Check the shape of a rule: text, a list (all hold), or a map of `all`, `any`, `except`."""
    _check_rule(written, ())
    return written


def one_or_many(written: object) -> object:
    """Let `a` stand for `[a]`."""
    return (written,) if isinstance(written, str) else written


def _check_rule(rule: object, path: tuple[str | int, ...]) -> None:
    if isinstance(rule, str):
        if not rule.strip():
            fault("rule", "a rule is empty.", *path)
    elif isinstance(rule, list | tuple) and rule:
        for number, part in enumerate(rule):
            _check_rule(part, (*path, number))
    elif isinstance(rule, dict) and rule:
        for word, part in rule.items():
            if word not in ("all", "any", "except"):
                message = f"`{word}` is not a word of a rule; there are `all`, `any` and `except`."
                fault("rule", message, *path, word)
            if not isinstance(part, list | tuple):
                fault("rule", f"`{word}` takes a list of rules.", *path, word)
            _check_rule(part, (*path, word))
    else:
        fault("rule", "a rule is text, a list of rules, or `all`, `any`, `except`.", *path)


def _parameter(text: str) -> ParameterRef | None:
    found = _PARAMETER.fullmatch(text)
    return ParameterRef(found[1]) if found else None


def _date(text: str) -> date | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> time | None:
    found = re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d))?", text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59 or int(found[3] or 0) > 59:
        return None
    return time(int(found[1]), int(found[2]), int(found[3] or 0))


def _write_time_or(value: object) -> str:
    return write_time(value) if isinstance(value, time) else str(value)


def _text(example: str, write: Callable[[Any], str] = str) -> tuple[PlainSerializer, Any]:
    return PlainSerializer(write), WithJsonSchema({"type": "string", "examples": [example]})


Duration = Annotated[
    timedelta | ParameterRef, PlainValidator(parse_duration), *_text("3 days", write_duration)
]
SizeOption = Annotated[Size, PlainValidator(parse_size), *_text("10%")]
Count = Annotated[
    int | ParameterRef,
    PlainValidator(parse_count),
    PlainSerializer(str),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]}),
]
CountOrAll = Annotated[
    int | ParameterRef,
    PlainValidator(parse_count_or_all),
    PlainSerializer(lambda count: "all" if count == 0 else str(count)),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]}),
]
Rate = Annotated[Decimal | ParameterRef, PlainValidator(parse_rate), *_text("200/s", write_rate)]
DateOption = Annotated[date | ParameterRef, PlainValidator(parse_date), *_text("2026-12-24")]
TimeOption = Annotated[time, PlainValidator(parse_time), *_text("09:00", write_time)]
Moment = Annotated[
    LocalMoment | ParameterRef, PlainValidator(parse_moment), *_text("2026-12-24 09:00")
]
MomentOrTime = Annotated[
    LocalMoment | time | ParameterRef,
    PlainValidator(parse_moment_or_time),
    *_text("2026-12-24 09:00", _write_time_or),
]


def _require_text(written: str) -> str:
    if not written.strip():
        fault("empty", "the text is empty.")
    return written


_RULE_SCHEMA: Final = {
    "x-rule": True,  # every rule of a file is one definition of its schema
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {}},
        {"type": "object", "properties": {"all": {}, "any": {}, "except": {}}},
    ],
}
Text = Annotated[str, BeforeValidator(lambda v: _require_text(v) if isinstance(v, str) else v)]
Rule = Annotated[Any, PlainValidator(parse_rule), Marked("rule"), WithJsonSchema(_RULE_SCHEMA)]
TableRule = Annotated[Text, Marked("table_rule")]
Expression = Annotated[Text, Marked("value")]
SortList = Annotated[tuple[Text, ...], Marked("order")]
References = Annotated[
    tuple[Text, ...],
    BeforeValidator(one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]

FormerNames = Annotated[
    tuple[Name, ...],
    BeforeValidator(one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]

ColumnNames = Annotated[
    tuple[ColumnName, ...],
    BeforeValidator(one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


def parse_memory(written: object) -> timedelta | ParameterRef | None:
    """Read `forever` (None), or a duration."""
    return None if written in (None, "forever") else parse_duration(written)


def _write_memory(value: timedelta | ParameterRef | None) -> str:
    return "forever" if value is None else write_duration(value)


MemorySpan = Annotated[
    timedelta | ParameterRef | None,
    PlainValidator(parse_memory),
    *_text("90 days", _write_memory),
]


def _refuse(written: object) -> None:
    if written is not None:
        raise PydanticCustomError("not_built", "is not built yet")


# An option of the format that this version knows by name and refuses.
NotBuilt = Annotated[None, PlainValidator(_refuse), WithJsonSchema({"not": {}})]
