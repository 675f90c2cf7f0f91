"""The values of options, as written: texts, names, parameters, and what is refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, NoReturn

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from campanile.catalog.names import ColumnName, Name

_PARAMETER: Final = re.compile(r"param\.([a-z][a-z0-9]*(?:_[a-z0-9]+)*)")


def fault(code: str, message: str, *path: str | int) -> NoReturn:
    """Refuse a value; `path` leads from the option to the faulty part of it."""
    raise PydanticCustomError(code, "{text}", {"text": message, "path": list(path)})


@dataclass(frozen=True)
class ParameterRef:
    """`param.name` where a number, date or duration may stand; its value comes at execution."""

    name: str

    def __str__(self) -> str:
        return f"param.{self.name}"


def parameter_in(text: str) -> ParameterRef | None:
    """Return the parameter that `text` names; None for any other text."""
    found = _PARAMETER.fullmatch(text)
    return ParameterRef(found[1]) if found else None


def one_or_many(written: object) -> object:
    """Let `a` stand for `[a]`."""
    return (written,) if isinstance(written, str) else written


def text_form(example: str, write: Callable[[Any], str] = str) -> tuple[PlainSerializer, Any]:
    """Mark a value as a text in files and in their schema, such as `example`."""
    return PlainSerializer(write), WithJsonSchema({"type": "string", "examples": [example]})


def _require_text(written: str) -> str:
    if not written.strip():
        fault("empty", "the text is empty.")
    return written


_ONE_OR_MANY: Final = (
    BeforeValidator(one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
)
Text = Annotated[str, BeforeValidator(lambda v: _require_text(v) if isinstance(v, str) else v)]
References = Annotated[tuple[Text, ...], *_ONE_OR_MANY]
FormerNames = Annotated[tuple[Name, ...], *_ONE_OR_MANY]
ColumnNames = Annotated[tuple[ColumnName, ...], *_ONE_OR_MANY]


def _refuse(written: object) -> None:
    if written is not None:
        raise PydanticCustomError("not_built", "is not built yet")


# An option of the format that this version knows by name and refuses.
NotBuilt = Annotated[None, PlainValidator(_refuse), WithJsonSchema({"not": {}})]
