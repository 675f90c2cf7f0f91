"""The values of schedules, as written: how often, between which hours, until when."""

import re
from dataclasses import dataclass
from datetime import time
from typing import Annotated, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from campanile.activities.local_times import LocalMoment, write_time
from campanile.activities.times import parse_moment, parse_time
from campanile.activities.values import ParameterRef, fault


@dataclass(frozen=True)
class Interval:
    """Every `number` units."""

    number: int
    unit: Literal["minute", "hour", "day", "week", "month"]

    def __str__(self) -> str:
        return self.unit if self.number == 1 else f"{self.number} {self.unit}s"


@dataclass(frozen=True)
class TimeSpan:
    """From one time of a day to a later one, both included."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{write_time(self.start)}-{write_time(self.end)}"


def parse_interval(written: object) -> Interval:
    """Read `day`, `2 weeks` or `30 minutes`."""
    if isinstance(written, Interval):
        return written
    found = re.fullmatch(r"(?:(\d{1,4})\s+)?(minute|hour|day|week|month)s?", str(written).strip())
    if not found or int(found[1] or 1) == 0:
        fault("every", f"`{written}` is not an interval: day, 2 weeks, month, 30 minutes.")
    number, unit = int(found[1] or 1), found[2]
    if (unit == "minute" and number > 1440) or (unit == "hour" and number > 24):
        fault("every", f"`{written}` is longer than a day.", "every")
    return Interval(number, unit)  # type: ignore[arg-type]


def parse_span(written: object) -> TimeSpan:
    """Read `08:00-20:00`."""
    if isinstance(written, TimeSpan):
        return written
    start_text, dash, end_text = str(written).partition("-")
    if not dash:
        fault("between", f"`{written}` is not a span of time; write it as 08:00-20:00.")
    start, end = parse_time(start_text.strip()), parse_time(end_text.strip())
    if end <= start:
        fault("between", f"`{written}` ends before it begins.")
    return TimeSpan(start, end)


def parse_end(written: object) -> LocalMoment | ParameterRef:
    """Read a date and time; a bare date is included to its last second."""
    if isinstance(written, LocalMoment | ParameterRef):
        return written
    text = str(written).strip()
    bare = re.fullmatch(r"\d{4}-\d\d-\d\d", text)
    return parse_moment(f"{text} 23:59:59" if bare else text)


EndMoment = Annotated[
    LocalMoment | ParameterRef,
    PlainValidator(parse_end),
    PlainSerializer(str),
    WithJsonSchema({"type": "string"}),
]
IntervalOption = Annotated[
    Interval,
    PlainValidator(parse_interval),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["day", "2 weeks", "month", "30 minutes"]}),
]
SpanOption = Annotated[
    TimeSpan,
    PlainValidator(parse_span),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["08:00-20:00"]}),
]
