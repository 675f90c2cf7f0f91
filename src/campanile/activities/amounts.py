"""How many: sizes, counts and rates of options, as written."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from campanile.activities.values import ParameterRef, fault, parameter_in, text_form


@dataclass(frozen=True)
class Size:
    """How many rows: a number of them, or a percentage of the input or of the rows matched."""

    amount: int | Decimal | ParameterRef
    unit: Literal["rows", "percent", "percent_of_matched"]

    def __str__(self) -> str:
        suffix = {"rows": "", "percent": "%", "percent_of_matched": "% of matched"}[self.unit]
        return f"{self.amount}{suffix}"


def parse_size(written: object) -> Size:
    """Read `500`, `10%`, `10% of matched` or `param.name`.

    The value of a parameter is read like what is written: a text may be a share, a number that is
    whole is a number of rows.
    """
    if isinstance(written, Size):
        return written
    whole = isinstance(written, float | Decimal) and written == int(written)
    text = str(int(written) if whole else written).strip()  # type: ignore[call-overload]
    if reference := parameter_in(text):
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
    if reference := parameter_in(text):
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
    if reference := parameter_in(text):
        return reference
    rate = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)\s*/\s*(s|second|min|minute|h|hour)", text)
    if not rate or not Decimal(rate[1]):
        fault("rate", f"`{text}` is not a rate: write `200/s`, `600/minute` or `5000/hour`.")
    return Decimal(rate[1]) / {"s": 1, "m": 60, "h": 3600}[rate[2][0]]


def write_rate(value: Decimal | ParameterRef) -> str:
    """Write a rate the way it is read."""
    return str(value) if isinstance(value, ParameterRef) else f"{value:f}/s"


SizeOption = Annotated[Size, PlainValidator(parse_size), *text_form("10%")]
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
Rate = Annotated[
    Decimal | ParameterRef, PlainValidator(parse_rate), *text_form("200/s", write_rate)
]
