"""The options of a model as a table: key, what it takes, what stands for it, what it means."""

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from campanile.activities import AnyActivityConfig
from campanile.activities.values import NotBuilt
from campanile.campaigns.schedule import Schedule
from campanile.cli.reference.markdown import anchor, code, listed, prose, table
from campanile.cli.reference.values import kind_of

_ELSEWHERE: Final = (
    (AnyActivityConfig, "[activity]({root}activities/README.md)"),
    (Schedule, "`asap`, or a [schedule](#schedule)"),
)
_PLAIN: Final = {str: "text", int: "whole number", float: "number"}
_HEADS: Final = ("Key", "Takes", "Default", "Meaning")


def option_tables(model: type[BaseModel], skip: Sequence[str] = ()) -> str:
    """The table of a model's options but those of `skip`, and one for each model within."""
    parts = [options_table(model, skip)]
    for part in models_within(model, skip):
        heading = f"## {model_word(part)}"
        parts.append("\n\n".join([heading, prose(part.__doc__), options_table(part)]))
    return "\n\n".join(part for part in parts if part)


def options_table(model: type[BaseModel], skip: Sequence[str] = ()) -> str:
    """The options that a model takes and this version has."""
    defaults = model.model_json_schema(by_alias=True).get("properties", {})
    rows = [
        (
            code(key),
            takes(written_type(info)),
            _default(info, defaults.get(key, {})),
            _meaning(info),
        )
        for key, info in _keys(model, skip)
        if not is_unbuilt(info)
    ]
    return table(_HEADS, rows)


def unbuilt_options(model: type[BaseModel], skip: Sequence[str] = ()) -> list[str]:
    """The options of the format that a model refuses by name."""
    return [key for key, info in _keys(model, skip) if is_unbuilt(info)]


def models_within(model: type[BaseModel], skip: Sequence[str] = ()) -> list[type[BaseModel]]:
    """The models that its options are made of, each once, in the order of the options."""
    found: dict[type[BaseModel], None] = {}
    for _, info in _keys(model, skip):
        for part in _models_in(written_type(info)):
            found |= dict.fromkeys([part, *models_within(part)])
    return list(found)


def model_word(model: type[BaseModel]) -> str:
    """A model's name as people say it: `SmtpConnection` is an SMTP connection."""
    words = re.findall(r"[A-Z][a-z]*", model.__name__.removesuffix("Entry"))
    return " ".join(words).capitalize()


def written_type(info: FieldInfo) -> Any:
    """The annotation of an option, as its model says it."""
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


def is_unbuilt(info: FieldInfo) -> bool:
    """Whether an option is known by name and refused."""
    return bool(written_type(info) == NotBuilt)


def takes(annotation: Any) -> str:
    """What may be written for an option, in words; kinds of values lead to their page."""
    for known, words in _ELSEWHERE:
        if annotation == known:
            return words
    if kind := kind_of(annotation):
        return kind.link
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bounded(takes(arguments[0]), annotation.__metadata__)
    if origin is Literal:
        return listed([str(a).lower() if isinstance(a, bool) else str(a) for a in arguments])
    if origin in (Union, UnionType):
        arms = [takes(arm) for arm in arguments if arm is not type(None) and arm != NotBuilt]
        return ", or ".join(dict.fromkeys(arms))
    if origin is tuple:
        return f"list of: {takes(arguments[0])}"
    if origin is dict:
        return f"map of {takes(arguments[0])}: {takes(arguments[1])}"
    return _simple(annotation)


def _simple(annotation: Any) -> str:
    if annotation is bool:
        return listed(["true", "false"])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        word = model_word(annotation)
        return f"[{word[0].lower() + word[1:]}](#{anchor(word)})"
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    raise LookupError(f"the reference has no word for {annotation!r}: add it to values.KINDS")


def _bounded(words: str, metadata: Sequence[Any]) -> str:
    least = [mark.ge for mark in metadata if isinstance(mark, Ge)]
    least += [mark.gt + 1 for mark in metadata if isinstance(mark, Gt)]  # type: ignore[operator]
    return f"{words} from {least[0]}" if least else words


def _keys(model: type[BaseModel], skip: Sequence[str]) -> Iterator[tuple[str, FieldInfo]]:
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key not in skip:
            yield key, info


def _default(info: FieldInfo, schema: dict[str, Any]) -> str:
    """What stands for an option that is left out; empty where its meaning says it."""
    if info.is_required():
        return "**required**"
    default = schema.get("default")
    if isinstance(default, bool):
        return code(str(default).lower())
    shown = isinstance(default, str | int | float | Enum) and default != ""
    return code(str(default)) if shown else ""


def _meaning(info: FieldInfo) -> str:
    if not info.description:
        raise LookupError(f"an option has no description: {info!r}")
    return info.description


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if any(annotation == known for known, _ in _ELSEWHERE) or kind_of(annotation):
        return []
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    arguments = get_args(annotation)
    inner = arguments[:1] if get_origin(annotation) is Annotated else arguments
    return [model for argument in inner for model in _models_in(argument)]
