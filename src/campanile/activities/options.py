"""The options of an activity: keys that are known, rules among them, parameters put in place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import is_
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from campanile.activities.amounts import Size
from campanile.activities.rule_values import Marked
from campanile.activities.values import ParameterRef
from campanile.errors import Refused


@dataclass(frozen=True)
class RuleSite:
    """One rule, value or sort list of an activity; `path` leads to it from the activity."""

    path: tuple[str | int, ...]
    kind: Literal["rule", "value", "order", "table_rule", "aggregate"]
    written: Any
    groups: tuple[str, ...] = ()  # of an aggregate: the values that its rows are grouped by
    reads_added: bool = False  # columns or links that the activity itself adds


class Options(BaseModel):
    """A map of options: each key is known, or refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True
    )
    # True for the options whose rules speak about a linked entity's rows, not about the activity's.
    linked: ClassVar[bool] = False

    def rules(self) -> Iterator[RuleSite]:
        """Find every rule about the activity's own rows, in the order of the options."""
        if self.linked:
            return
        for name, info in type(self).model_fields.items():
            written = (
                Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
            )
            yield from _sites((info.alias or name,), written, getattr(self, name))


def _sites(path: tuple[str | int, ...], annotation: Any, value: Any) -> Iterator[RuleSite]:
    """Follow `annotation` and `value` together down to the texts marked as rules."""
    if value is None or value == ():
        return
    if isinstance(value, Options):
        yield from (RuleSite((*path, *s.path), s.kind, s.written) for s in value.rules())
        return
    kind, arguments = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        marks = [mark for mark in annotation.__metadata__ if isinstance(mark, Marked)]
        if marks:
            yield RuleSite(path, marks[0].kind, value)
        else:
            yield from _sites(path, arguments[0], value)
    elif kind in (Union, UnionType):
        for arm in arguments:
            yield from _sites(path, arm, value)
    elif kind is tuple and isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from _sites((*path, number), arguments[0], part)
    elif kind is dict and isinstance(value, dict):
        for key, part in value.items():
            yield from _sites((*path, key), arguments[1], part)


OptionsT = TypeVar("OptionsT", bound=Options)


def with_parameters(options: OptionsT, values: Mapping[str, Any]) -> OptionsT:
    """Return `options` with every `param.name` replaced by its value in this execution.

    Raises `Refused` naming a parameter that was not given, or an option that cannot take its value.
    """
    known = type(options).model_fields
    written = {name: getattr(options, name) for name in options.model_fields_set}
    replaced = {name: _replaced(value, values) for name, value in written.items()}
    if all(replaced[name] is written[name] for name in written):
        return options
    try:
        return type(options).model_validate({known[n].alias or n: v for n, v in replaced.items()})
    except ValidationError as error:
        found = error.errors()[0]
        option = ".".join(str(step) for step in found["loc"]) or "the options"
        raise Refused(f"`{option}` cannot take the parameter's value: {found['msg']}") from error


def _replaced(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, ParameterRef):
        return _given(value, values)
    if isinstance(value, Size) and isinstance(value.amount, ParameterRef):
        return _given(value.amount, values)
    if isinstance(value, Options):
        return with_parameters(value, values)
    if isinstance(value, dict):
        parts = {key: _replaced(part, values) for key, part in value.items()}
        return value if all(parts[key] is value[key] for key in parts) else parts
    if isinstance(value, tuple):
        items = tuple(_replaced(part, values) for part in value)
        return value if all(map(is_, items, value)) else items
    return value


def _given(reference: ParameterRef, values: Mapping[str, Any]) -> Any:
    if reference.name not in values:
        raise Refused(f"the parameter `{reference.name}` has no value.", remedy="Give it one.")
    return values[reference.name]
