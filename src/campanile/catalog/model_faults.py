"""The faults of a file in the words of its author: where, what is wrong, what there is."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from campanile.catalog.model_shape import keys_of, model_in, under
from campanile.catalog.yaml_document import Document, ListNode, MapNode, Node, ScalarNode
from campanile.errors import Fault
from campanile.relations.parse import did_you_mean

_TAKES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a map: {name: …}",
    "model_type": "a map: {name: …}",
    "model_attributes_type": "a map: {name: …}",
    "tuple_type": "a list: […]",
    "list_type": "a list: […]",
}


def model_faults(
    error: ValidationError, document: Document, path: Sequence[str | int], model: type[BaseModel]
) -> list[Fault]:
    """Translate what pydantic says of the part of `document` at `path`."""
    subject = _subject(document, path)
    return [_translate(detail, document, tuple(path), model, subject) for detail in error.errors()]


def empty_values(document: Document) -> list[Fault]:
    """A fault for every key or member that has no value: nothing is ever passed over in silence."""
    return [
        Fault(
            document.place(start), f"`{name}` has no value.", "Give it one, or remove it.", "empty"
        )
        for name, start in _empty(document.root, "the file", 0)
    ]


def _empty(node: Node | None, name: str, start: int) -> Iterator[tuple[str, int]]:
    if isinstance(node, MapNode):
        for key, value in node.values.items():
            yield from _empty(value, key, node.keys[key].start)
    elif isinstance(node, ListNode):
        for number, item in enumerate(node.items):
            yield from _empty(item, f"{name}, member {number + 1}", item.start)
    elif node is None or node.text is None:
        yield name, start


def _subject(document: Document, path: Sequence[str | int]) -> str:
    """What the options belong to: the activity type, else the key."""
    _, node = document.find(path)
    kind = node.values.get("type") if isinstance(node, MapNode) else None
    if isinstance(kind, ScalarNode) and kind.text:
        return kind.text
    return str(path[-1]) if path else "the file"


def _translate(
    detail: ErrorDetails,
    document: Document,
    path: tuple[str | int, ...],
    model: type[BaseModel],
    subject: str,
) -> Fault:
    inner = tuple(detail.get("ctx", {}).get("path", ()))
    loc = tuple(step for step in detail["loc"] if step != "[key]")
    whole = (*path, *loc, *inner)
    says_all = "text" in detail.get("ctx", {})  # a fault of one value, in its own words
    of_option = detail["type"] in ("extra_forbidden", "not_built") and not says_all
    at_key = "[key]" in detail["loc"] or of_option
    place = document.place_of(whole, key=at_key)
    message, remedy = _words(detail, loc, model, subject)
    return Fault(place, message, remedy, _code(detail["type"]))


def _code(kind: str) -> str:
    return {"extra_forbidden": "unknown_option", "literal_error": "unknown_value"}.get(kind, kind)


def _words(
    detail: ErrorDetails, loc: tuple[str | int, ...], model: type[BaseModel], subject: str
) -> tuple[str, str]:
    kind, written = detail["type"], detail["input"]
    name = _option(loc)
    if kind == "extra_forbidden":
        known = _keys_at(model, loc[:-1])
        return f"`{name}` is not an option of {_owner(loc, subject)}.", did_you_mean(name, known)
    if kind == "missing":
        return f"`{name}` of {_owner(loc, subject)} is missing.", ""
    if "text" in detail.get("ctx", {}):
        return detail["msg"], ""
    if kind == "not_built" and subject == "the file" and len(loc) == 1:
        return f"`{name}` is not built yet.", ""
    if kind == "not_built":
        return f"`{name}` of {_owner(loc, subject)} is not built yet.", ""
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", str(detail["ctx"]["expected"])) or ["true"]
        return f"`{written}` is not a value of `{name}`.", did_you_mean(str(written), known)
    if kind in _TAKES:
        return f"`{name}` takes {_TAKES[kind]}.", ""
    if kind == "too_short":
        return f"`{name}` is empty.", "Name at least one."
    return detail["msg"], ""


def _option(loc: tuple[str | int, ...]) -> str:
    names = [step for step in loc if isinstance(step, str)]
    return names[-1] if names else "the value"


def _owner(loc: tuple[str | int, ...], subject: str) -> str:
    names = [str(step) for step in loc[:-1] if isinstance(step, str) and " " not in step]
    if not names:
        return subject
    inner = f"`{'.'.join(names)}`"
    return inner if subject == "the file" else f"{inner} of {subject}"


def _keys_at(model: Any, loc: Sequence[str | int]) -> list[str]:
    """The options known where `loc` leads, from the annotations of the models."""
    annotation: Any = model
    for step in loc:
        annotation = under(annotation, step)
    found = model_in(annotation)
    return keys_of(found) if found is not None else []
