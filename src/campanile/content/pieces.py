"""A template as pieces: text that everybody gets, and the tags that make it personal."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from campanile.errors import DefinitionError, Fault, FaultsFound, Place

TagKind = Literal["expression", "block"]


@dataclass(frozen=True)
class Text:
    """Text that every recipient gets as it stands."""

    text: str


@dataclass(frozen=True)
class Tag:
    """`{{ source }}` or `{% source %}`; whitespace control is already applied to its neighbours."""

    kind: TagKind
    source: str
    place: Place = field(default_factory=lambda: Place(""))

    @property
    def keyword(self) -> str:
        """The first word of a block tag, such as `for`."""
        match = _WORD.match(self.source)
        return match.group() if match else ""


Piece = Text | Tag

_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_OPENING: Final = re.compile(r"\{\{|\{%|\{#")
_RAW_END: Final = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_CLOSING: Final = {"{{": "}}", "{%": "%}"}
_TAG_BRACE: Final = re.compile(r"\{(?=[{%#]|\Z)")


@dataclass(frozen=True)
class SourceFile:
    """A file of a template; `first_line` is the number of the first line of `text` in the file."""

    name: str
    text: str
    first_line: int = 1

    def place(self, offset: int) -> Place:
        """Return where the character at `offset` of `text` stands in the file."""
        line = self.text.count("\n", 0, offset)
        column = offset - (self.text.rfind("\n", 0, offset) + 1)
        return Place(self.name, line + self.first_line, column + 1)


def fault_at(place: Place, message: str, remedy: str = "", code: str = "invalid") -> FaultsFound:
    """Return the error for one fault of a template at `place`."""
    return FaultsFound([Fault(place, message, remedy, code)])


def split(file: SourceFile) -> list[Piece]:
    """Cut a template into text and tags; comments are dropped, `raw` blocks become text.

    Raises FaultsFound with the place of a tag that is opened and not closed.
    """
    return list(_merge(_trim(_scan(file))))


@dataclass(frozen=True)
class _Raw:
    """A tag as written, with its whitespace control, or a comment (`tag` is None)."""

    tag: Tag | None
    trims_before: bool
    trims_after: bool


def _scan(file: SourceFile) -> Iterable[Text | _Raw]:
    text, at = file.text, 0
    while opening := _OPENING.search(text, at):
        if opening.start() > at:
            yield Text(text[at : opening.start()])
        if opening.group() == "{#":
            end = text.find("#}", opening.end())
            if end < 0:
                raise _unclosed(file, opening.start(), "#}")
            yield _raw(None, text[opening.end() : end])
            at = end + 2
            continue
        end = _tag_end(file, opening.start(), _CLOSING[opening.group()])
        inner = text[opening.end() : end]
        at = end + 2
        if opening.group() == "{%" and inner.strip("-+ \t\r\n") == "raw":
            closing = _RAW_END.search(text, at)
            if closing is None:
                raise _unclosed(file, opening.start(), "{% endraw %}")
            yield _raw(None, inner)
            yield Text(text[at : closing.start()])
            yield _raw(None, closing.group()[2:-2])
            at = closing.end()
            continue
        kind: TagKind = "expression" if opening.group() == "{{" else "block"
        yield _raw(Tag(kind, _inner(inner), file.place(opening.start())), inner)
    if at < len(text):
        yield Text(text[at:])


def _inner(inner: str) -> str:
    return inner.removeprefix("-").removeprefix("+").removesuffix("-").removesuffix("+").strip()


def _raw(tag: Tag | None, inner: str) -> _Raw:
    return _Raw(tag, inner.startswith("-"), inner.endswith("-"))


def _unclosed(file: SourceFile, offset: int, closing: str) -> DefinitionError:
    return fault_at(
        file.place(offset),
        f"a tag begins here and is not closed with '{closing}'.",
        "Close it, or write {{ '{{' }} where two braces are meant.",
        "syntax",
    )


def _tag_end(file: SourceFile, start: int, closing: str) -> int:
    """Return where the tag that begins at `start` is closed, past quotes and nested braces."""
    text, at, depth, quote = file.text, start + 2, 0, ""
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif depth == 0 and text.startswith(closing, at):
            return at
        elif char in "{[(":
            depth += 1
        elif char in "}])":
            depth -= 1
        at += 1
    raise _unclosed(file, start, closing)


def _trim(parts: Iterable[Text | _Raw]) -> Iterable[Piece]:
    held: Text | None = None
    trim_next = False
    for part in parts:
        if isinstance(part, Text):
            held = Text(part.text.lstrip()) if trim_next else part
            trim_next = False
            continue
        if held is not None:
            yield Text(held.text.rstrip()) if part.trims_before else held
            held = None
        if part.tag is not None:
            yield part.tag
        trim_next = part.trims_after
    if held is not None:
        yield held


def _merge(pieces: Iterable[Piece]) -> Iterable[Piece]:
    held = ""
    for piece in pieces:
        if isinstance(piece, Text):
            held += piece.text
            continue
        if held:
            yield Text(held)
            held = ""
        yield piece
    if held:
        yield Text(held)


def merged(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Return `pieces` with neighbouring texts joined and empty ones dropped."""
    return tuple(_merge(pieces))


def tag_source(tag: Tag) -> str:
    """Return `tag` as MiniJinja reads it."""
    return f"{{{{ {tag.source} }}}}" if tag.kind == "expression" else f"{{% {tag.source} %}}"


def plain_source(pieces: Sequence[Piece]) -> str:
    """Return `pieces` as one MiniJinja template in which braces of the text stay braces."""
    return "".join(
        _TAG_BRACE.sub("{{ '{' }}", piece.text) if isinstance(piece, Text) else tag_source(piece)
        for piece in pieces
    )


def to_json(pieces: Sequence[Piece]) -> list[list[str]]:
    """Return `pieces` as JSON values: [kind, text] or [kind, source, file, line, column]."""
    rows = []
    for piece in pieces:
        if isinstance(piece, Text):
            rows.append(["text", piece.text])
        else:
            place = piece.place
            rows.append([piece.kind, piece.source, place.file, str(place.line), str(place.column)])
    return rows


def from_json(rows: Iterable[Sequence[str]]) -> tuple[Piece, ...]:
    """Return the pieces that `to_json` wrote."""
    pieces: list[Piece] = []
    for kind, source, *place in rows:
        if kind == "text":
            pieces.append(Text(source))
        else:
            where = Place(place[0], int(place[1]), int(place[2]))
            pieces.append(Tag("block" if kind == "block" else "expression", source, where))
    return tuple(pieces)
