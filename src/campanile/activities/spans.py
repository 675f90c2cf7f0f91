"""Spans of a day: from one time that a clock shows to a later one."""

from dataclasses import dataclass
from datetime import time
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from campanile.activities.local_times import write_time
from campanile.activities.times import parse_time
from campanile.activities.values import fault


@dataclass(frozen=True)
class TimeSpan:
    """From one time of a day to a later one, both included."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{write_time(self.start)}-{write_time(self.end)}"


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


SpanOption = Annotated[
    TimeSpan,
    PlainValidator(parse_span),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["08:00-20:00"]}),
]
