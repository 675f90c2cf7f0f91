"""A YAML file as a tree of texts, with the place of every key and value."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from campanile.errors import Fault, Place


@dataclass
class ScalarNode:
    """A text as written, None where a value is left out; `start`, `end` are indices in the file."""

    text: str | None
    start: int
    end: int
    plain: bool = True
    flow: bool = False


@dataclass
class ListNode:
    """A list with the nodes of its members."""

    start: int
    end: int
    flow: bool
    items: list["Node"] = field(default_factory=list)


@dataclass
class MapNode:
    """A map: each key with its own node and that of its value."""

    start: int
    end: int
    flow: bool
    keys: dict[str, ScalarNode] = field(default_factory=dict)
    values: dict[str, "Node"] = field(default_factory=dict)


Node: TypeAlias = ScalarNode | ListNode | MapNode
Path: TypeAlias = Sequence[str | int]


@dataclass
class Document:
    """One file: its text, its tree (None when there is nothing), and the faults found on the way.

    After a fatal fault the tree holds what could be read, and `broken_at` is the fault's index.
    """

    file: str
    text: str
    root: Node | None = None
    faults: list[Fault] = field(default_factory=list)
    broken_at: int | None = None

    def place(self, index: int) -> Place:
        """Return the line and column, from 1, of the character at `index`."""
        index = max(0, min(index, len(self.text)))
        line_start = self.text.rfind("\n", 0, index) + 1
        return Place(self.file, self.text.count("\n", 0, index) + 1, index - line_start + 1)

    def fault(
        self, index: int, message: str, *, remedy: str = "", code: str = "yaml_syntax"
    ) -> None:
        """Note a fault at `index`, once."""
        found = Fault(self.place(index), message, remedy, code)
        if found not in self.faults:
            self.faults.append(found)

    def find(self, path: Path) -> tuple[ScalarNode | None, Node | None]:
        """Follow `path` as far as the file goes: the key and the value node where it ends.

        Members of `path` that are in no file (a name of the model's own) are passed over.
        """
        key: ScalarNode | None = None
        node = self.root
        for step in path:
            if isinstance(node, MapNode) and isinstance(step, str) and step in node.values:
                key, node = node.keys[step], node.values[step]
            elif isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
                key, node = None, node.items[step]
        return key, node

    def place_of(self, path: Path, *, key: bool = False, offset: int | None = None) -> Place:
        """Return where `path` stands: its value, its key, or the character `offset` of its text."""
        key_node, node = self.find(path)
        if key and key_node is not None:
            return self.place(key_node.start)
        if isinstance(node, ScalarNode) and offset is not None:
            return self.place(self._index_in_text(node, offset))
        if isinstance(node, MapNode) and key_node is not None:
            return self.place(key_node.start)
        return self.place(node.start if node is not None else 0)

    def _index_in_text(self, node: ScalarNode, offset: int) -> int:
        """Align the scalar's text with the file (indentation, folds and escapes are only there)."""
        index = (
            self.text.find("\n", node.start) + 1 if self.text[node.start] in "|>" else node.start
        )
        for character in (node.text or "")[:offset]:
            while index < node.end and not self._same(index, character):
                index += 1
            index += 1
        while index < node.end and (node.text or "")[offset : offset + 1] != self.text[index]:
            index += 1
        return min(index, max(node.start, node.end - 1))

    def _same(self, index: int, character: str) -> bool:
        return self.text[index] == character or (character == " " and self.text[index] == "\n")


def plain(node: Node | None) -> Any:
    """Return the tree as dicts, lists, texts and None."""
    if isinstance(node, MapNode):
        return {key: plain(value) for key, value in node.values.items()}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return None if node is None else node.text
