"""The comments of a YAML file, each with the key or member that it speaks about.

A comment at the end of a line belongs to what stands before it, one on a line of its own to what
comes after it, or, where nothing follows at its depth, to the end of the map or list.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from campanile.catalog.yaml_document import Document, ListNode, MapNode, Node, ScalarNode

_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_COMMENT: Final = re.compile("#[^\r\n\x85\u2028\u2029]*")
_HEADER: Final = re.compile(r"[|>][0-9+-]*[ \t]*(#[^\r\n]*)?")


@dataclass(eq=False)
class Group:
    """A map or list with its entries, and the comments after the last one."""

    node: MapNode | ListNode
    owner: "Entry | None"
    entries: list["Entry"] = field(default_factory=list)
    below: list[str] = field(default_factory=list)

    @property
    def is_map(self) -> bool:
        """Whether entries have keys."""
        return isinstance(self.node, MapNode)


@dataclass(eq=False)
class Entry:
    """A key with its value, or a member of a list.

    `above` are the comments on the lines before it, "" being an empty line; `beside` is the one at
    the end of its first line.
    """

    group: Group
    key: ScalarNode | None
    value: "ScalarNode | Group"
    above: list[str] = field(default_factory=list)
    beside: str = ""

    @property
    def start(self) -> int:
        """The index of its key, or of its value where it has none."""
        return self.key.start if self.key is not None else _node(self.value).start

    @property
    def attracts(self) -> int:
        """A comment before this index is above the entry."""
        value = _node(self.value)
        inside = isinstance(value, ScalarNode) or value.flow
        return value.start if inside else self.start


def _node(value: "ScalarNode | Group") -> Node:
    return value.node if isinstance(value, Group) else value


def read_comments(document: Document) -> Group | None:
    """Return the tree of a document without faults with its comments; None when it is no map."""
    if not isinstance(document.root, MapNode):
        return None
    return _Reading(document, document.root).group


def comments_of(group: Group) -> Iterator[str]:
    """All comments at and below a map or list."""
    for entry in group.entries:
        yield from (line for line in (*entry.above, entry.beside) if line)
        if isinstance(entry.value, Group):
            yield from comments_of(entry.value)
    yield from (line for line in group.below if line)


@dataclass(frozen=True)
class _Token:
    """A piece of content: a scalar, or the bracket that closes a map or list on one line."""

    start: int
    end: int
    entry: Entry | None


class _Reading:
    """Builds the tree, then goes through what lies between its scalars."""

    def __init__(self, document: Document, root: MapNode) -> None:
        self.text = document.text
        self.line_starts = [0, *(found.end() for found in _BREAK.finditer(self.text))]
        self.entries: list[Entry] = []  # in the order of the file
        self.scalars: list[_Token] = []
        self.group = self._grouped(root, None)
        self.attractions = [entry.attracts for entry in self.entries]
        closings = (
            _Token(group.node.end - 1, group.node.end, entry)
            for entry in self.entries
            if isinstance(group := entry.value, Group) and group.node.flow
        )
        self.tokens = sorted([*self.scalars, *closings], key=lambda token: token.end)
        self.ends = [token.end for token in self.tokens]
        self._read_gaps()

    def _grouped(self, node: MapNode | ListNode, owner: Entry | None) -> Group:
        group = Group(node, owner)
        pairs: Iterator[tuple[ScalarNode | None, Node]] = (
            ((node.keys[name], value) for name, value in node.values.items())
            if isinstance(node, MapNode)
            else ((None, item) for item in node.items)
        )
        for key, value in pairs:
            self._add(group, key, value)
        return group

    def _add(self, group: Group, key: ScalarNode | None, value: Node) -> None:
        entry = Entry(group, key, value if isinstance(value, ScalarNode) else Group(value, None))
        group.entries.append(entry)
        self.entries.append(entry)
        if key is not None:
            self.scalars.append(_Token(key.start, key.end, entry))
        if isinstance(value, ScalarNode):
            self.scalars.append(_Token(value.start, self._end_of(value), entry))
            self._take_header(entry, value)
        else:
            entry.value = self._grouped(value, entry)

    def _end_of(self, value: ScalarNode) -> int:
        """The end of a text, without the empty lines after a block that does not keep them."""
        written = self.text[value.start : value.end]
        keeps = value.plain or "+" in written.partition("\n")[0] or written[0] not in "|>"
        return value.end if keeps else value.start + len(written.rstrip())

    def _take_header(self, entry: Entry, value: ScalarNode) -> None:
        """Take the comment behind the `|` of a block of text."""
        header = _HEADER.match(self.text, value.start)
        if header and header[1] and not value.plain:
            entry.beside = header[1].rstrip()

    def _read_gaps(self) -> None:
        position = 0
        for scalar in self.scalars:
            self._read_gap(position, scalar.start)
            position = scalar.end
        self._read_gap(position, len(self.text))

    def _read_gap(self, start: int, end: int) -> None:
        """Place the comments between two scalars; remember an empty line before the next thing."""
        blank = -1
        for line_start, line_end in self._lines(start, end):
            found = _COMMENT.search(self.text, line_start, line_end)
            if found:
                self._place(found.start(), found[0].rstrip(), blank >= 0)
                blank = -1
            elif self._is_blank(line_start, line_end) and line_end < end:
                blank = line_start
        following = self._following(blank) if blank >= 0 else None
        if following and following.start > blank and not following.group.node.flow:
            following.above.append("")

    def _lines(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        for found in _BREAK.finditer(self.text, start, end):
            yield start, found.start()
            start = found.end()
        yield start, end

    def _is_blank(self, start: int, end: int) -> bool:
        return self._column(start) == 0 and not self.text[start:end].strip()

    def _following(self, index: int) -> Entry | None:
        """The first entry that `index` is above of."""
        number = bisect_right(self.attractions, index)
        return self.entries[number] if number < len(self.entries) else None

    def _place(self, index: int, comment: str, is_blank: bool) -> None:
        number = bisect_right(self.ends, index) - 1
        before = self.tokens[number] if number >= 0 else None
        if before and before.entry and before.end > index - self._column(index):
            if before.entry.beside:
                before.entry.above.append(comment)
            else:
                before.entry.beside = comment
            return
        entry = before.entry if before else None
        place = self._place_in_brackets(index, entry)
        if place is not None:
            place.append(comment)
        else:
            self._place_in_block(index, entry).extend(["", comment] if is_blank else [comment])

    def _place_in_brackets(self, index: int, before: Entry | None) -> list[str] | None:
        """The list for a comment between brackets: of what follows there, or of their end."""
        following = self._following(index)
        for group in _around(before):
            if group.node.flow and group.node.start < index < group.node.end:
                is_inside = following and following.start < group.node.end
                return following.above if following and is_inside else group.below
        return following.above if following and following.group.node.flow else None

    def _place_in_block(self, index: int, before: Entry | None) -> list[str]:
        """The list for a comment on a line of its own, by its column."""
        following = self._following(index)
        shallow = self._column_of(following.group) if following else -1
        column = self._column(index)
        for group in _around(before):
            if not group.node.flow and shallow < self._column_of(group) <= column:
                return group.below
        return following.above if following else self.group.below

    def _column_of(self, group: Group) -> int:
        start = group.entries[0].start if group.is_map and group.entries else group.node.start
        return self._column(start)

    def _column(self, index: int) -> int:
        return index - self.line_starts[bisect_right(self.line_starts, index) - 1]


def _around(entry: Entry | None) -> Iterator[Group]:
    """The maps and lists that an entry stands in, the innermost first."""
    while entry is not None:
        yield entry.group
        entry = entry.group.owner
