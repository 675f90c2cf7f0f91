"""Copies: the text of a campaign file under another name, comments included."""

import json
from collections.abc import Mapping

from campanile.campaigns.file_layout import formatted
from campanile.catalog.yaml_document import Document, MapNode, Node
from campanile.catalog.yaml_source import read_yaml
from campanile.errors import Refused

_Edit = tuple[int, int, str]  # from, to, what stands there then


def copied_source(source: str, name: str, defaults: Mapping[str, str]) -> str:
    """Return the file under another name, with `defaults` for its parameters.

    The copy of a model is no model: it is launched by itself. Raises Refused naming a parameter
    that it does not have.
    """
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    document = read_yaml(text, name)
    root = document.root
    assert isinstance(root, MapNode)  # it was applied once
    edits = [_replaced(root.values["name"], name)]
    if "model" in root.values:
        edits.append(_line(document, root.keys["model"].start, root.values["model"].end))
    edits += [_default(document, root, parameter, value) for parameter, value in defaults.items()]
    for start, end, written in sorted(edits, reverse=True):
        text = text[:start] + written + text[end:]
    return formatted(text, name, "campaign")


def _replaced(node: Node, value: str) -> _Edit:
    return node.start, node.end, value


def _line(document: Document, start: int, end: int) -> _Edit:
    first = document.text.rfind("\n", 0, start) + 1
    last = document.text.find("\n", end) + 1
    return first, last or len(document.text), ""


def _default(document: Document, root: MapNode, parameter: str, value: str) -> _Edit:
    declared = root.values.get("parameters")
    known = declared.values if isinstance(declared, MapNode) else {}
    found = known.get(parameter)
    if not isinstance(found, MapNode):
        names = ", ".join(known) or "none"
        raise Refused(f"the campaign has no parameter '{parameter}'.", remedy=f"There is: {names}.")
    quoted = json.dumps(value, ensure_ascii=False)
    if "default" in found.values:
        return _replaced(found.values["default"], quoted)
    first = next(iter(found.keys.values())).start
    indent = " " * (document.place(first).column - 1)
    return first, first, f"default: {quoted}" + (", " if found.flow else f"\n{indent}")
