"""Project files as YAML 1.2 with scalars as written, and the place of every key and value.

No scalar is interpreted: `on`, `NO`, `10:30` and `0123` are themselves; the option's type decides.
Reading never raises for what a file says: faults are collected in the document.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from campanile.catalog import yaml_slips
from campanile.catalog.yaml_document import Document, ListNode, MapNode, Node, ScalarNode

LARGEST_FILE: Final = 1024 * 1024  # bytes
DEEPEST: Final = 40  # maps and lists inside each other
_MOST_ATTEMPTS: Final = 10
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_yaml(content: bytes | str, file: str) -> Document:
    """Read a file of the project; what is wrong with it is in the document's `faults`."""
    document = Document(file, "")
    size = len(content.encode("utf-8", "replace") if isinstance(content, str) else content)
    if size > LARGEST_FILE:
        document.fault(0, f"the file has {size:,} bytes; at most {LARGEST_FILE:,} are read.")
        document.broken_at = 0
        return document
    try:
        document.text = content if isinstance(content, str) else content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        lines = error.object.count(b"\n", 0, error.start) + 1
        message = f"the file is not UTF-8: byte {error.start + 1}, line {lines}."
        document.fault(0, message, remedy="Save it as UTF-8.")
        document.broken_at = 0
        return document
    document.text = document.text.removeprefix("\ufeff")
    if found := _UNPRINTABLE.search(document.text):
        code = f"U+{ord(found[0]):04X}"
        document.fault(found.start(), f"the character {code} cannot stand in a text file.")
        document.broken_at = found.start()
        return document
    _Reader(document).read()
    return document


class _TooMuch(Exception):
    """The rest of the file is not read."""


class _Reader:
    """Builds the tree from events, so that what comes before a fatal fault is kept."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.stack: list[MapNode | ListNode] = []
        self.pending: list[ScalarNode | None] = []  # of each open map: the key that waits

    def read(self) -> None:
        """Read all; after a syntax fault in one line, read again without that line."""
        text = self.document.text
        for _ in range(_MOST_ATTEMPTS):
            fault_index = self._read_once(text)
            line = self._line_of(text, fault_index) if fault_index is not None else None
            if line is None or not line[1].strip():
                break
            text = text[: line[0]] + " " * len(line[1]) + text[line[0] + len(line[1]) :]
        if self.document.root is None and not self.document.faults:
            self.document.broken_at = 0
            self.document.fault(0, "the file is empty.")

    def _read_once(self, text: str) -> int | None:
        """Build the tree of `text`; return the index of the fault that stopped it."""
        self.document.root, self.stack, self.pending = None, [], []
        try:
            for event in self._events(text):
                self._take(event)
        except MarkedYAMLError as error:
            return self._explain(text, error)
        except (YAMLError, ValueError, OverflowError) as error:
            self.document.broken_at = len(text)
            self.document.fault(0, f"the file is not YAML: {str(error).splitlines()[0]}")
        except _TooMuch:
            pass
        return None

    def _explain(self, text: str, error: MarkedYAMLError) -> int:
        mark = error.problem_mark or error.context_mark
        index = mark.index if mark is not None else 0
        start = error.context_mark.index if error.context_mark is not None else None
        slip = yaml_slips.explain(text, index, start, error.problem or "it cannot be read")
        self.document.fault(slip.index, slip.message, remedy=slip.remedy)
        if self.document.broken_at is None:
            self.document.broken_at = index
        return slip.index

    def _line_of(self, text: str, index: int) -> tuple[int, str] | None:
        """The start and text of a line that can be left out without breaking its neighbours."""
        start = text.rfind("\n", 0, index) + 1
        line = text[start:].split("\n", 1)[0]
        whole = line.count("{") == line.count("}") and line.count("[") == line.count("]")
        return (start, line) if whole else None

    def _events(self, text: str) -> Iterator[Event]:
        yield from YAML(typ="safe", pure=True).parse(text)

    def _take(self, event: Event) -> None:
        if isinstance(event, DocumentStartEvent):
            if self.document.root is not None:
                self._stop(event, "a second document begins; one file holds one.")
        elif isinstance(event, AliasEvent):
            self._refuse_alias(event)
        elif isinstance(event, ScalarEvent):
            self._refuse_decorations(event)
            self._add(self._scalar(event))
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._refuse_decorations(event)
            self._open(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._close(event)

    def _scalar(self, event: ScalarEvent) -> ScalarNode:
        start, end = event.start_mark.index, event.end_mark.index
        is_plain = event.style in (None, "")
        text = None if is_plain and event.value == "" else event.value
        flow = bool(self.stack) and self.stack[-1].flow
        node = ScalarNode(text, start, end, is_plain, flow)
        if is_plain and text is not None:
            slip = yaml_slips.cut_by_comment(self.document.text, text, end)
            if slip:
                self.document.fault(slip.index, slip.message, remedy=slip.remedy)
        return node

    def _open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        if len(self.stack) >= DEEPEST:
            self._stop(event, f"more than {DEEPEST} maps and lists stand inside each other.")
        start, flow = event.start_mark.index, bool(event.flow_style)
        node: MapNode | ListNode
        node = (MapNode if isinstance(event, MappingStartEvent) else ListNode)(start, start, flow)
        self._add(node)
        self.stack.append(node)
        self.pending.append(None)

    def _close(self, event: Event) -> None:
        node = self.stack.pop()
        self.pending.pop()
        node.end = event.end_mark.index
        if isinstance(node, ListNode) and node.flow:
            self._mend_list(node)

    def _add(self, node: Node) -> None:
        if not self.stack:
            if self.document.root is None:
                self.document.root = node
            return
        parent, key = self.stack[-1], self.pending[-1]
        if isinstance(parent, ListNode):
            parent.items.append(node)
        elif key is None:
            self._add_key(node)
        else:
            self.pending[-1] = None
            self._add_value(parent, key, node)

    def _add_key(self, node: Node) -> None:
        if isinstance(node, ScalarNode):
            self.pending[-1] = ScalarNode(node.text or "", node.start, node.end, node.plain)
            return
        opener = self.document.text[max(0, node.start - 1) : node.start + 1]
        message = "a map or list stands where a key belongs."
        if opener == "{{":
            message = "text that begins with `{{` is read as a map."
        self.document.fault(node.start, message, remedy="Put the text in quotes.")
        self.pending[-1] = ScalarNode("", node.start, node.end)

    def _add_value(self, parent: MapNode, key: ScalarNode, node: Node) -> None:
        name = key.text or ""
        missing = isinstance(node, ScalarNode) and node.text is None
        if parent.flow and missing and self._mend_map(parent, key):
            return
        if name in parent.values:
            first = self.document.place(parent.keys[name].start)
            message = f"the key `{name}` stands here a second time (first in line {first.line})."
            self.document.fault(key.start, message, code="duplicate_key")
        elif name or not missing:
            parent.keys[name] = key
            parent.values[name] = node

    def _mend_map(self, parent: MapNode, key: ScalarNode) -> bool:
        """Join a rule that a comma of a flow map cut; True when `key` was a part of one."""
        if not parent.values:
            return False
        last = next(reversed(parent.values))
        value = parent.values[last]
        if not isinstance(value, ScalarNode) or not value.plain or value.text is None:
            return False
        if not yaml_slips.is_open(value.text):
            return False
        whole = self.document.text[value.start : key.end]
        if not any(
            fault.place == self.document.place(value.start) for fault in self.document.faults
        ):
            slip = yaml_slips.cut_by_comma(
                last, value.start, self._whole_rule(value.start, key.end)
            )
            self.document.fault(slip.index, slip.message, remedy=slip.remedy)
        parent.values[last] = ScalarNode(" ".join(whole.split()), value.start, key.end)
        return True

    def _whole_rule(self, start: int, end: int) -> str:
        """The rule from `start` to the comma or bracket that closes it outside its parentheses."""
        text, depth = self.document.text, 0
        for index in range(start, min(len(text), start + 400)):
            depth += (text[index] == "(") - (text[index] == ")")
            if (depth <= 0 and text[index] in ",}]" and index >= end) or text[index] == "\n":
                return text[start:index].strip()
        return text[start:end]

    def _mend_list(self, node: ListNode) -> None:
        """Join the members that a comma of a flow list cut out of one rule."""
        items: list[Node] = []
        for item in node.items:
            last = items[-1] if items else None
            cut = (
                isinstance(last, ScalarNode) and last.plain and yaml_slips.is_open(last.text or "")
            )
            if cut and isinstance(last, ScalarNode) and isinstance(item, ScalarNode):
                whole = self.document.text[last.start : item.end]
                items[-1] = ScalarNode(" ".join(whole.split()), last.start, item.end)
                if not any(
                    f.place == self.document.place(last.start) for f in self.document.faults
                ):
                    rule = self._whole_rule(last.start, item.end)
                    slip = yaml_slips.cut_by_comma("", last.start, rule)
                    self.document.fault(slip.index, slip.message, remedy=slip.remedy)
            else:
                items.append(item)
        node.items = items

    def _refuse_alias(self, event: AliasEvent) -> None:
        message = "a text that begins with `*` is a YAML alias, which project files do not have."
        self.document.fault(event.start_mark.index, message, remedy="Put the text in quotes.")
        self._add(ScalarNode(f"*{event.anchor}", event.start_mark.index, event.end_mark.index))

    def _refuse_decorations(self, event: Any) -> None:
        start = event.start_mark.index
        if event.anchor is not None:
            message = (
                "a text that begins with `&` is a YAML anchor, which project files do not have."
            )
            self.document.fault(start, message, remedy="Put the text in quotes.")
        if event.tag is not None:
            message = "a text that begins with `!` is a YAML tag, which project files do not have."
            self.document.fault(start, message, remedy="Put the text in quotes.")

    def _stop(self, event: Event, message: str) -> None:
        self.document.broken_at = event.start_mark.index
        self.document.fault(event.start_mark.index, message)
        raise _TooMuch
