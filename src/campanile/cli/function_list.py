"""All that rules may call, in groups: what `campanile functions` and the reference page show."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from campanile.cli.reference.functions import (
    PREDICATE_MEANINGS,
    SET_MEANINGS,
    TABLE_MEANINGS,
    TITLES,
)
from campanile.relations.functions import FUNCTIONS
from campanile.relations.originals import Original, originals_of
from campanile.relations.sets import SET_FUNCTIONS
from campanile.relations.tables import TABLE_FUNCTIONS
from campanile.relations.windows import WINDOW_FUNCTIONS

_AUDIENCE: Final = (
    "in_audience(name)",
    "Whether the row's entity is in a saved audience.",
    "in_audience(vip)",
)
_TRANSITION: Final = (
    "in_transition(activity.output)",
    "Whether the row's entity is in a transition that comes before; within table rules.",
    "count(in_transition(cells.control)) = 0",
)


@dataclass(frozen=True)
class Listed:
    """One function as people look it up; `originals` are the calls that end in it."""

    name: str
    kind: str
    signature: str
    description: str
    example: str
    aliases: tuple[str, ...] = ()
    originals: tuple[Original, ...] = ()

    @property
    def title(self) -> str:
        """The heading of the function's group."""
        return TITLES[self.kind]

    def is_about(self, words: str) -> bool:
        """Whether each word is in the names, the description or the group."""
        theirs = " ".join(f"{one.name} {one.here}" for one in self.originals)
        text = f"{self.signature} {' '.join(self.aliases)} {theirs} {self.description} {self.title}"
        return all(word in f"{text} {self.kind}".lower() for word in words.lower().split())

    def to_dict(self) -> dict[str, Any]:
        """The function as JSON; aliases are the names that are understood as they are."""
        renamed = [one.name for one in self.originals if one.way == "renamed"]
        others = [one for one in self.originals if one.way != "renamed"]
        return {
            "name": self.name,
            "kind": self.kind,
            "signature": self.signature,
            "description": self.description,
            "example": self.example,
            "aliases": [*self.aliases, *renamed],
            "also_for": [{"call": one.call, "here": one.here} for one in others],
        }


def all_functions() -> Iterator[Listed]:
    """Every function once for each group it belongs to, group by group, by name."""
    found = sorted(_everything(), key=lambda one: one.name)
    order = list(TITLES)
    yield from sorted(found, key=lambda one: order.index(one.kind))


def _everything() -> Iterator[Listed]:
    for one in FUNCTIONS:
        given = (one.name, one.kind, one.signature, one.description, one.example, one.aliases)
        yield Listed(*given, originals_of(one.name))
    for name, window in WINDOW_FUNCTIONS.items():
        given_window = (name, "window", window.written, window.description, window.example)
        yield Listed(*given_window, originals=originals_of(name))
    for name, (gives, example) in SET_MEANINGS.items():
        known = originals_of(name)
        yield Listed(name, "link", SET_FUNCTIONS[name], gives, example, originals=known)
    for name, (gives, example) in PREDICATE_MEANINGS.items():
        yield Listed(name, "message", f"{name}(message[, rule])", gives, example)
    yield Listed("in_audience", "message", *_AUDIENCE)
    yield Listed("in_transition", "table", *_TRANSITION)
    for name, (gives, example) in TABLE_MEANINGS.items():
        yield Listed(name, "table", TABLE_FUNCTIONS[name], gives, example)
