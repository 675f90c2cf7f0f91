"""One layout for every file of a project: what fits stands on one line, all else in a block.

A map or list stands in `{…}` or `[…]` while it fits in 120 columns, has no comment inside, and no
text in it would need quotes only because of the brackets.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from campanile.catalog import yaml_scalars
from campanile.catalog.yaml_comments import Entry, Group, comments_of, read_comments
from campanile.catalog.yaml_document import Document, ScalarNode, plain
from campanile.catalog.yaml_source import read_yaml
from campanile.errors import Fault, FaultsFound, Place

WIDTH: Final = 120  # columns of a line, comments at its end not counted
_INDENT: Final = 2


def lay_out(document: Document, arrange: Callable[[Group], None], spread: Sequence[str]) -> str:
    """Return the text of a file in its one layout; lines end in a line feed.

    `arrange` puts the entries of the maps in order. The keys `spread` of the file hold maps that
    stand in a block always. Raises `FaultsFound` for what is no YAML of a project, and where the
    text would not say the same with the same comments.
    """
    if document.faults:
        raise FaultsFound(document.faults)
    root = read_comments(document)
    if root is None or not root.entries:
        document.fault(0, "a file of a project is a map: `key: value`.")
        raise FaultsFound(document.faults)
    said, comments = plain(document.root), sorted(comments_of(root))
    head = _head(root)
    arrange(root)
    _lift_comments(root)
    lines = [*head, *_Layout(document.text, spread).block(root, 0)]
    text = "".join(f"{line}\n" for line in lines)
    written = read_yaml(text, document.file)
    again = read_comments(written)
    is_same = not written.faults and again is not None and plain(written.root) == said
    if not is_same or again is None or sorted(comments_of(again)) != comments:
        message = "it cannot be laid out without a change of meaning or comments."
        raise FaultsFound([Fault(Place(document.file), message)])
    return text


def _head(root: Group) -> list[str]:
    """Take the comment at the top of the file, which stays there whatever key comes first."""
    if not root.entries:
        return []
    above = root.entries[0].above
    while above and not above[0]:
        del above[0]
    breaks = [number for number, line in enumerate(above) if not line]
    length = breaks[-1] + 1 if breaks else len(above)
    head, root.entries[0].above = above[:length], above[length:]
    return head


def _lift_comments(group: Group) -> None:
    """Put above a member what would stand between its dash and its first key."""
    for entry in group.entries:
        if not isinstance(entry.value, Group):
            continue
        inner = entry.value
        _lift_comments(inner)
        if not inner.entries:
            entry.above += [line for line in inner.below if line]
            inner.below = []
        elif not group.is_map:
            first = inner.entries[0]
            entry.above += [line for line in first.above if line]
            first.above = []


class _Layout:
    """Writes the lines of a file."""

    def __init__(self, source: str, spread: Sequence[str]) -> None:
        self.source = source
        self.spread = spread

    def block(self, group: Group, depth: int) -> list[str]:
        """The lines of a map or list in a block, indented by `depth`."""
        lines: list[str] = []
        for entry in group.entries:
            lines += self._comments(entry.above, depth, is_first=not lines)
            lines += self._entry(entry, depth)
        return [*lines, *self._comments(group.below, depth, is_first=not lines)]

    def _comments(self, above: Sequence[str], depth: int, *, is_first: bool) -> Iterator[str]:
        """Comments on lines of their own; of empty lines one at a time, and none at the start."""
        was_blank = is_first
        for line in above:
            if line or not was_blank:
                yield f"{' ' * depth}{line}" if line else ""
            was_blank = not line

    def _entry(self, entry: Entry, depth: int) -> list[str]:
        before = " " * depth + (f"{self._key(entry.key)}:" if entry.key is not None else "-")
        beside = f"  {entry.beside}" if entry.beside else ""
        if isinstance(entry.value, ScalarNode):
            return self._scalar(entry.value, before, beside, depth)
        inner = entry.value.entries
        inline = None if self._is_spread(entry) else self.inline(entry.value)
        if _is_single(entry):
            inline = None
        if inline is not None and (not inner or len(before) + 1 + len(inline) <= WIDTH):
            return [f"{before} {inline}{beside}"]
        lines = self.block(entry.value, depth + _INDENT)
        if entry.key is None:
            return self._behind_dash(lines, entry.beside, depth)
        return [f"{before}{beside}", *lines]

    def _behind_dash(self, lines: list[str], beside: str, depth: int) -> list[str]:
        """The lines of a member, the first one behind its dash; comments stand above it."""
        above = [beside] if beside else []
        while lines[0].lstrip(" ").startswith("#"):
            above.append(lines.pop(0).lstrip(" "))
        pad = " " * depth
        first = f"{pad}- {lines[0].lstrip(' ')}"
        return [*(f"{pad}{comment}" for comment in above), first, *lines[1:]]

    def _is_spread(self, entry: Entry) -> bool:
        key, group = entry.key, entry.value
        at_top = entry.group.owner is None and isinstance(group, Group) and bool(group.entries)
        return at_top and key is not None and key.text in self.spread

    def _scalar(self, node: ScalarNode, before: str, beside: str, depth: int) -> list[str]:
        block: tuple[str, Sequence[str]] | None = None
        text = node.text or ""
        if yaml_scalars.is_block(node, self.source):
            block = yaml_scalars.as_written(node, self.source)
            one_line = None if block else yaml_scalars.quoted(text)
        else:
            one_line = yaml_scalars.on_one_line(node, flow=False)
            if one_line is None or len(before) + 1 + len(one_line) > WIDTH:
                block = yaml_scalars.as_lines(text, WIDTH - depth - _INDENT)
        if block is None:
            return [f"{before} {one_line or yaml_scalars.quoted(text)}{beside}"]
        pad = " " * (depth + _INDENT)
        return [
            f"{before} {block[0]}{beside}",
            *(f"{pad}{line}" if line else "" for line in block[1]),
        ]

    def _key(self, node: ScalarNode) -> str:
        return yaml_scalars.on_one_line(node, flow=False) or yaml_scalars.quoted(node.text or "")

    def inline(self, value: ScalarNode | Group) -> str | None:
        """Write a value on one line; None where it should stand in a block."""
        if isinstance(value, ScalarNode):
            if yaml_scalars.is_block(value, self.source):
                return None
            return yaml_scalars.on_one_line(value, flow=True)
        parts = [self._inline_entry(entry) for entry in value.entries]
        if value.below or None in parts:
            return None
        inside = ", ".join(str(part) for part in parts)
        return f"{{{inside}}}" if value.is_map else f"[{inside}]"

    def _inline_entry(self, entry: Entry) -> str | None:
        if entry.beside or any(entry.above) or _is_single(entry):
            return None
        inline = self.inline(entry.value)
        if entry.key is None or inline is None:
            return inline
        key = yaml_scalars.on_one_line(entry.key, flow=True)
        return None if key is None else f"{key}: {inline}"


def _is_single(entry: Entry) -> bool:
    """Whether a member of a list is a map of one key, which needs no braces behind its dash."""
    group = entry.value
    return (
        entry.key is None and isinstance(group, Group) and group.is_map and len(group.entries) == 1
    )
