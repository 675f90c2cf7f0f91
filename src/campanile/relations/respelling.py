"""Rules with the original product's function names, written in the names of this language."""

import re
from collections.abc import Sequence
from typing import Final

from campanile.errors import DefinitionError
from campanile.relations.call_texts import CallText, calls_in, is_word, tokens_of
from campanile.relations.originals import RUNNING, WINDOW_PARTS, Original, original_named
from campanile.relations.parse import parse

_SIMPLE: Final = re.compile(r"[\w.]+|'(?:[^']|'')*'")


def in_own_names(text: str) -> str:
    """The same rule in our own function names; what is no rule, or says them already, as it is.

    Names that mean something else here stay: only their author knows what was meant. A filter is
    never taken for one, since its name is in lower case.
    """
    try:
        parse(text)
        found = _respelled(text)
        parse(found)
    except DefinitionError:
        return text
    return found


def _respelled(text: str) -> str:
    """Calls are replaced from the last one on, so inner ones come before those around them."""
    place = len(text)
    while calls := [call for call in calls_in(text) if call.start < place]:
        call = calls[-1]
        place, original = call.start, original_named(call.name)
        if original is not None and call.name != call.name.lower():
            text = text[: call.start] + _written(text, call, original) + text[call.end :]
    return text


def _written(text: str, call: CallText, original: Original) -> str:
    arguments = call.texts(text)
    whole = text[call.start : call.end]
    if original.way in ("same", "renamed"):
        parts = _window_parts(arguments)
        if parts != arguments:
            return f"{original.here}({', '.join(parts)})"
        return original.here + whole[len(call.name) :]
    if call.name.lower() == "_over_":
        return _over(arguments) or whole
    if original.way == "rewritten" and len(arguments) == len(original.parameters):
        if call.name.lower() in WINDOW_PARTS:
            return whole  # the call around it knows what becomes of it
        return _filled(original.here, dict(zip(original.parameters, arguments, strict=True)))
    return whole


def _window_parts(arguments: Sequence[str]) -> list[str]:
    """`PartitionBy(a, b)` as `by => (a, b)`, `OrderBy(a)` as `order => a`."""
    found = []
    for argument in arguments:
        calls = calls_in(argument)
        first = (
            calls[0] if calls and calls[0].start == 0 and calls[0].end == len(argument) else None
        )
        word = WINDOW_PARTS.get(first.name.lower()) if first else None
        if first is None or word is None:
            found.append(argument)
            continue
        values = ", ".join(first.texts(argument))
        found.append(f"{word} => ({values})" if len(first.arguments) > 1 else f"{word} => {values}")
    return found


def _over(arguments: Sequence[str]) -> str | None:
    """`_Over_(sum(x), PartitionBy(a))` as `sum_over(x, by => a)`; None where it is none."""
    calls = calls_in(arguments[0]) if arguments else []
    if not calls or calls[0].start or calls[0].end != len(arguments[0]):
        return None
    name, values = calls[0].name.lower(), calls[0].texts(arguments[0])
    if name in RUNNING:
        name = f"{name.removesuffix('all')}_over"
        values = [] if name == "count_over" else values
    return f"{name}({', '.join([*values, *_window_parts(arguments[1:])])})"


def _filled(template: str, given: dict[str, str]) -> str:
    """The template with an argument for each of its names, in parentheses where it needs them."""
    written, end = "", 0
    for word in tokens_of(template):
        argument = given.get(word.text) if is_word(template, word) else None
        if argument is None:
            continue
        written += template[end : word.start] + _closed(argument)
        end = word.end + 1
    return written + template[end:]


def _closed(argument: str) -> str:
    calls = calls_in(argument)
    is_call = bool(calls) and calls[0].start == 0 and calls[0].end == len(argument)
    return argument if is_call or _SIMPLE.fullmatch(argument) else f"({argument})"
