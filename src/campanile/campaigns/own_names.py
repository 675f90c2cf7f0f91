"""The rules of a file, their functions by the names of this language."""

from collections.abc import Iterator
from typing import Final, TypeAlias

from pydantic import ValidationError

from campanile.activities import ACTIVITIES, activity_type
from campanile.campaigns.rule_texts import leaves, texts_of
from campanile.campaigns.schema import FileKind
from campanile.catalog.yaml_document import Document, MapNode, ScalarNode, plain
from campanile.relations.respelling import in_own_names

_Path: TypeAlias = tuple[str | int, ...]
_BUILT: Final = frozenset(kind.name for kind in ACTIVITIES)


def respell_rules(document: Document, kind: FileKind | None) -> None:
    """Write the original product's function names in the rules of a file as our own.

    Activities that cannot be read stay as they are, as do names that mean something else here.
    """
    for path in _rules_of(document, kind):
        node = document.find(path)[1]
        if not isinstance(node, ScalarNode) or not node.text:
            continue
        written = in_own_names(node.text)
        if written != node.text:
            node.text, node.plain = written, True  # it is laid out anew, not as the author did


def _rules_of(document: Document, kind: FileKind | None) -> Iterator[_Path]:
    """The paths of the texts that are rules, values or sort keys."""
    if kind == "filter":
        yield from (path for path, _ in texts_of(("where",), plain(document.find(("where",))[1])))
    elif kind == "distribution":
        yield ("by",)
    elif kind == "campaign":
        activities = document.find(("activities",))[1]
        for name in activities.values if isinstance(activities, MapNode) else ():
            yield from _rules_of_activity(document, name)


def _rules_of_activity(document: Document, name: str) -> Iterator[_Path]:
    home = ("activities", name)
    written = plain(document.find(home)[1])
    if not isinstance(written, dict) or str(written.get("type")) not in _BUILT:
        return
    try:
        config = activity_type(str(written["type"])).config.model_validate(written)
    except ValidationError:
        return
    for site in config.rules():
        yield from ((*home, *path) for path, _ in leaves(site))
