"""The texts of rules, wherever in a tree they stand, and what they say of silent people."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from campanile.activities.options import RuleSite
from campanile.catalog.yaml_document import Document
from campanile.errors import Fault

_Path = tuple[str | int, ...]
_NOT_REACTED: Final = re.compile(r"\bnot\s+(?:opened|clicked)\s*\(\s*([a-z][a-z0-9_.]*)")


def leaves(site: RuleSite) -> Iterator[tuple[_Path, str]]:
    """The texts of a rule in tree form, with the path to each."""
    yield from texts_of(site.path, site.written)


def texts_of(path: _Path, written: object) -> Iterator[tuple[_Path, str]]:
    """All texts within lists and maps, with the path to each."""
    if isinstance(written, str):
        yield path, written
    elif isinstance(written, list | tuple):
        for number, part in enumerate(written):
            yield from texts_of((*path, number), part)
    elif isinstance(written, dict):
        for word, part in written.items():
            yield from texts_of((*path, word), part)


def silence_warnings(
    texts: Sequence[tuple[_Path, str]], above: Collection[str], document: Document
) -> Iterator[Fault]:
    """Point at `not opened(x)` asked of people who may never have been sent `x`.

    `above` are the activities that the rows come from; `texts` are all rules that hold together,
    each with its path in `document`.
    """
    everything = "".join(text.replace(" ", "") for _, text in texts)
    for path, text in texts:
        for found in _NOT_REACTED.finditer(text):
            reference = found[1]
            if reference in above or f"sent({reference}" in everything:
                continue
            place = document.place_of(path, offset=found.start())
            message = f"`{reference}` may never have been sent to some of these people."
            remedy = f"Add `sent({reference}) and`, or start from `{reference}`."
            yield Fault(place, message, remedy, "never_sent", "warning")
