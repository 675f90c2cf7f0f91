"""What the models of files say about the part of a file that a path leads to."""

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a map that `model` describes, as files write them."""
    return [info.alias or name for name, info in model.model_fields.items()]


def under(annotation: Any, step: str | int) -> Any:
    """The annotation of the member `step` of what `annotation` describes."""
    model = model_in(annotation)
    if model is not None:
        for name, info in model.model_fields.items():
            if step in (name, info.alias):
                return info.annotation
        return annotation
    return member_of(annotation)


def member_of(annotation: Any) -> Any:
    """The annotation of the values of a map, or of the members of a list."""
    for arm in _arms(annotation):
        if get_origin(arm) is dict:
            return get_args(arm)[1]
        if get_origin(arm) in (tuple, list):
            return get_args(arm)[0]
    return annotation


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The first model that `annotation` allows."""
    return next(models_in(annotation), None)


def model_for(annotation: Any, written: Mapping[str, str | None]) -> type[BaseModel] | None:
    """The model that a map is meant to be: the one of its `type`, else the one of most keys.

    `written` are the keys of the map, each with its text where it is one. None where nothing fits.
    """
    models = list(models_in(annotation))
    by_kind = {model.model_fields["type"].default: model for model in models if _has_kind(model)}
    if by_kind and "type" in written:
        return by_kind.get(written["type"])
    return max(models, key=lambda model: len(set(keys_of(model)) & set(written)), default=None)


def _has_kind(model: type[BaseModel]) -> bool:
    kind = model.model_fields.get("type")
    return kind is not None and isinstance(kind.default, str)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that `annotation` allows, in their order."""
    for arm in _arms(annotation):
        if isinstance(arm, type) and issubclass(arm, BaseModel):
            yield arm


def models_below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model and all that its options lead to, each once."""
    seen: list[type[BaseModel]] = [model]
    for one in seen:
        yield one
        for info in one.model_fields.values():
            seen += [found for found in _models_in_all(info.annotation) if found not in seen]


def _models_in_all(annotation: Any) -> Iterator[type[BaseModel]]:
    yield from models_in(annotation)
    for arm in _arms(annotation):
        for part in get_args(arm) if get_origin(arm) in (dict, tuple, list) else ():
            yield from _models_in_all(part)


def _arms(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _arms(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for arm in get_args(annotation):
            yield from _arms(arm)
    else:
        yield annotation
