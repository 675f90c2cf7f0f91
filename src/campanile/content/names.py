"""The names a template uses: each must be known, or `apply` stops and shows the place."""

import re
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from campanile.content.engine import (
    BUILT_IN_NAMES,
    syntax_error,
    undeclared,
    unknown_filters,
    unknown_tests,
)
from campanile.content.pieces import Piece, Tag, plain_source, tag_source
from campanile.errors import Fault, FaultsFound, Place

_STRINGS: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_FILTER: Final = re.compile(r"\|\s*([A-Za-z_]\w*)")
_TEST: Final = re.compile(r"\bis\s+(?:not\s+)?([A-Za-z_]\w*)")
_REFUSED_TAGS: Final = {
    "extends": "Put what templates share into partials and include them.",
    "import": "Put what templates share into partials and include them.",
    "from": "Put what templates share into partials and include them.",
    "block": "Put what templates share into partials and include them.",
    "autoescape": "Write |safe at the one value that is HTML already.",
    "do": "Leave it out: a template only shows.",
}
_NOT_BUILT: Final = {
    "message.mirror": "the page that shows a mail in the browser is not built yet.",
    "message.preferences": "the page of preferences is not built yet.",
}


def check_syntax(pieces: Sequence[Piece], file: str) -> None:
    """Raise FaultsFound for tags that do not parse, each alone where it can be judged alone."""
    for tag in _tags(pieces):
        if tag.kind == "block" and tag.keyword in _REFUSED_TAGS:
            message = f"'{tag.keyword}' is not a tag of our templates."
            raise FaultsFound([Fault(tag.place, message, _REFUSED_TAGS[tag.keyword], "tag")])
        error = syntax_error(tag_source(tag)) if tag.kind == "expression" else None
        if error is not None:
            raise FaultsFound([Fault(tag.place, f"{error.detail}.", _SYNTAX_REMEDY, "syntax")])
    _check_whole(pieces, file)


_SYNTAX_REMEDY: Final = "Look at the braces, quotes and operators of this tag."


def _check_whole(pieces: Sequence[Piece], file: str) -> None:
    error = syntax_error(plain_source(pieces))
    if error is None:
        return
    # The first prefix that already fails for another reason than its end shows the faulty tag.
    place = Place(file)
    for index, piece in enumerate(pieces):
        if isinstance(piece, Tag) and piece.kind == "block":
            place = piece.place
            partial = syntax_error(plain_source(pieces[: index + 1]))
            if partial is not None and "end of input" not in (partial.detail or ""):
                error = partial
                break
    remedy = "Close every if and for with endif and endfor, in the same file."
    raise FaultsFound([Fault(place, f"{error.detail}.", remedy, "syntax")])


def check_names(
    pieces: Sequence[Piece], allowed: Collection[str], functions: Collection[str]
) -> set[str]:
    """Return the names (`first_name`, `store.name`) that `pieces` need from each row.

    Raises FaultsFound for names, filters and tests that do not exist; `functions` are ours.
    """
    used = undeclared(plain_source(pieces)) - BUILT_IN_NAMES - set(functions)
    faults = [*_unknown_names(pieces, used, allowed), *_unknown_operators(pieces)]
    if faults:
        raise FaultsFound(faults)
    return {name for name in used if name.split(".")[0] != "message"}


def _unknown_names(
    pieces: Sequence[Piece], used: set[str], allowed: Collection[str]
) -> Iterable[Fault]:
    for name in sorted(used):
        top = name.split(".")[0]
        place = find(pieces, top)
        if name in _NOT_BUILT:
            yield Fault(place, _NOT_BUILT[name], "Leave the link out.", "not_built")
        elif top == "message":
            if name != "message.unsubscribe":
                there = "message has: unsubscribe."
                yield Fault(place, f"'{name}' is not known; {there}", code="unknown_name")
        elif top == "link":
            remedy = "Write {{ link('name', 'https://…') }} on its own."
            yield Fault(place, "link is used inside another expression.", remedy, "link")
        elif top not in allowed:
            yield Fault(place, *_unknown(top, allowed), "unknown_name")


def _unknown(name: str, allowed: Collection[str]) -> tuple[str, str]:
    there = sorted(allowed)
    shown = ", ".join(there[:20]) + (" …" if len(there) > 20 else "")
    near = get_close_matches(name, there, 1)
    remedy = f"Did you mean '{near[0]}'?" if near else "Compute it in an enrichment first."
    return f"'{name}' is not a name this template can use; there are: {shown or 'none'}.", remedy


def _unknown_operators(pieces: Sequence[Piece]) -> Iterable[Fault]:
    for tag in _tags(pieces):
        bare = _STRINGS.sub("''", tag.source)
        for name in sorted(unknown_filters(_FILTER.findall(bare))):
            yield Fault(tag.place, f"there is no filter '{name}'.", code="unknown_filter")
        for name in sorted(unknown_tests(_TEST.findall(bare))):
            yield Fault(tag.place, f"there is no test '{name}'.", code="unknown_test")


def uses(pieces: Sequence[Piece], tags: Collection[str], filters: Collection[str]) -> bool:
    """Whether `pieces` have one of the block `tags` (or a capturing set), or of the `filters`."""
    for tag in _tags(pieces):
        bare = _STRINGS.sub("''", tag.source)
        if tag.kind == "block":
            is_capture = tag.keyword == "set" and not re.search(r"[^=!<>]=[^=]", bare)
            if tag.keyword in tags or is_capture:
                return True
        if any(name in filters for name in _FILTER.findall(bare)):
            return True
    return False


def find(pieces: Sequence[Piece], name: str) -> Place:
    """Return the place of the first tag that uses `name`."""
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    for tag in _tags(pieces):
        if word.search(_STRINGS.sub("''", tag.source)):
            return tag.place
    return Place("")


def _tags(pieces: Sequence[Piece]) -> list[Tag]:
    return [piece for piece in pieces if isinstance(piece, Tag)]
