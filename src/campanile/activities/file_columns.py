"""The columns of a file that is loaded: how each text becomes a value, and what if it does not."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from campanile.activities.date_formats import fault_in_format
from campanile.activities.options import Options
from campanile.activities.values import Text, fault
from campanile.relations.types import Type

FileType = Literal["text", "integer", "number", "boolean", "date", "timestamp", "enum"]


class FileColumn(Options):
    """One column of the file, or a part of each line where widths are fixed."""

    type: FileType = Field(default="text", description="The type of the values.")
    header: Text | None = Field(
        default=None, description="What the file calls it; the column's own name when left out."
    )
    width: Annotated[int, Field(gt=0, le=100_000)] | None = Field(
        default=None, description="Characters of it in each line; only in `format: fixed`."
    )
    format: Text | None = Field(
        default=None,
        description="How a date or time is written, such as `DD/MM/YYYY` or `YYYY-MM-DD HH:mm:ss`;"
        " 2026-12-24 and 2026-12-24T09:00:00Z when left out.",
    )
    decimals: Literal[",", "."] | None = Field(
        default=None,
        description="The sign before decimals; spaces, apostrophes and the other sign may then"
        " part thousands. A point, and nothing between thousands, when left out.",
    )
    case: Literal["lower", "upper"] | None = Field(
        default=None, description="Small or capital letters."
    )
    trim: Literal["both", "left", "right", "none"] = Field(
        default="both", description="From which ends blanks are taken."
    )
    empty: Literal["null", "keep", "error"] = Field(
        default="null", description="Nothing written: no value, the empty text, or a fault."
    )
    on_error: Literal["reject", "null", "default"] = Field(
        default="reject",
        description="What cannot be read: reject the row, take no value, or take `default`.",
    )
    map: dict[str, str] = Field(
        default={}, description="Texts of the file and what they stand for."
    )
    unmapped: Literal["error", "keep", "null", "default"] | None = Field(
        default=None,
        description="A text that `map` has not: a fault, itself, no value, or `default`. An enum"
        " takes it for a fault, other types keep it.",
    )
    default: str | None = Field(
        default=None, description="The value taken where `on_error` or `unmapped` says so."
    )

    @property
    def column_type(self) -> Type:
        """The type that rules see."""
        return Type.TEXT if self.type == "enum" else Type(self.type)

    @property
    def unmapped_is(self) -> str:
        """What becomes of a text that `map` has not."""
        if self.unmapped is not None:
            return self.unmapped
        return "error" if self.type == "enum" else "keep"

    @model_validator(mode="after")
    def _options_fit_the_type(self) -> Self:
        type_ = self.column_type
        if self.format is not None:
            if type_ not in (Type.DATE, Type.TIMESTAMP):
                fault("format", f"`format` is for dates and timestamps, not {self.type}.", "format")
            if wrong := fault_in_format(self.format, type_):
                fault("format", wrong, "format")
        if self.decimals is not None and type_ is not Type.NUMBER:
            fault("decimals", f"`decimals` is for numbers, not {self.type}.", "decimals")
        if self.empty == "keep" and type_ is not Type.TEXT:
            fault("empty", f"an empty {self.type} cannot be kept.", "empty")
        return self

    @model_validator(mode="after")
    def _given_values_fit(self) -> Self:
        for text, value in self.map.items():
            if not is_plain_value(self.column_type, value):
                fault("map", f"`{value}` is no {self.type}.", "map", text)
        if self.default is not None and not is_plain_value(self.column_type, self.default):
            fault("default", f"`{self.default}` is no {self.type}.", "default")
        return self

    @model_validator(mode="after")
    def _map_and_default_fit(self) -> Self:
        if self.type == "enum" and not self.map:
            fault("map", "an enum lists its values in `map`: {A: audio, V: video}.")
        if self.unmapped is not None and not self.map:
            fault("map", "`unmapped` needs a `map`.", "unmapped")
        wanted = "default" in (self.on_error, self.unmapped)
        if wanted and self.default is None:
            fault("default", "`default` is asked for, and has no value.")
        if self.default is not None and not wanted:
            message = "nothing takes the default: write `on_error: default` or `unmapped: default`."
            fault("default", message, "default")
        return self


def is_plain_value(type_: Type, text: str) -> bool:
    """Whether a text of the campaign file is a value: 12, 1.5, true, 2026-12-24."""
    if type_ is Type.INTEGER:
        return bool(re.fullmatch(r"[+-]?\d{1,18}", text))
    if type_ is Type.NUMBER:
        return bool(re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,18})?", text))
    if type_ is Type.BOOLEAN:
        return text in ("true", "false")
    if type_ is Type.DATE:
        return isinstance(_or_none(date.fromisoformat, text), date) and len(text) == 10
    if type_ is Type.TIMESTAMP:
        return _or_none(datetime.fromisoformat, text) is not None
    return True


def _or_none(read: Callable[[str], date], text: str) -> date | None:
    try:
        return read(text)
    except ValueError:
        return None


def _by_type(written: Any) -> Any:
    """Let `email: text` stand for `email: {type: text}`."""
    return {"type": written} if isinstance(written, str) else written


ColumnOption = Annotated[
    FileColumn, BeforeValidator(_by_type, json_schema_input_type=FileColumn | FileType)
]
