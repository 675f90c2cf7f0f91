"""The values of schedules, as written: how often, between which hours, until when."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from campanile.activities.local_times import LocalMoment
from campanile.activities.times import parse_moment
from campanile.activities.values import ParameterRef, fault


@dataclass(frozen=True)
class Interval:
    """Every `number` units."""

    number: int
    unit: Literal["minute", "hour", "day", "week", "month"]

    def __str__(self) -> str:
        return self.unit if self.number == 1 else f"{self.number} {self.unit}s"


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
