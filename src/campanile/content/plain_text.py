"""The text part of a mail, made from its HTML when nobody wrote one."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Final

from campanile.content.html import Words
from campanile.content.pieces import Piece, Tag, Text, merged

_SKIPPED: Final = frozenset({"head", "style", "script", "title", "noscript"})
_BLOCKS: Final = frozenset(
    {"p", "div", "table", "tr", "ul", "ol", "li", "blockquote", "section", "article", "header",
     "footer", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "body", "center"}
)  # fmt: skip
_SPACED: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote"})
_VOID: Final = frozenset({"br", "hr", "img", "input", "meta", "link", "area", "col", "wbr", "base"})
_HIDDEN: Final = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_WEB_ADDRESS: Final = re.compile(r"https?://[^\s<>\"\x02\x03]+", re.IGNORECASE)
# A line with nothing but block tags, and the empty lines after it.
_TAG_LINE: Final = re.compile(r"^(?:[ \t]*\x02[^\x03\n]*\x03[ \t]*)+\n+", re.MULTILINE)
_LINK_BEGIN: Final = "\x01"
_TRAILING: Final = ".,;:!?)]}'"


def from_html(html: str, words: Words) -> list[Piece]:
    """Return the readable text of `html`, with the tags of the template in their order."""
    reader = _Reader(words)
    reader.feed(html)
    reader.close()
    text = _without_tag_lines(_tidied("".join(reader.parts)))
    return words.restore(re.sub("[\x02\x03]", "", text))


def with_links(
    pieces: list[Piece], words: Words, rewrite: Callable[[list[Piece], Tag | None], list[Piece]]
) -> tuple[Piece, ...]:
    """Return `pieces` with each web address in the text replaced by what `rewrite` returns.

    Lines with nothing but a block tag vanish, as whoever wrote the file will expect.
    """
    source = ""
    for piece in pieces:
        if isinstance(piece, Text):
            source += piece.text
        else:
            word = words.add(piece)
            source += f"\x02{word}\x03" if piece.kind == "block" else word
    source = _without_tag_lines(source)
    result: list[Piece] = []
    at = 0
    for match in _WEB_ADDRESS.finditer(source):
        address = match.group().rstrip(_TRAILING)
        url = words.restore(address)
        first = next((piece for piece in url if isinstance(piece, Tag)), None)
        result += words.restore(source[at : match.start()]) + rewrite(url, first)
        at = match.start() + len(address)
    result += words.restore(source[at:])
    return merged(
        Text(re.sub("[\x02\x03]", "", piece.text)) if isinstance(piece, Text) else piece
        for piece in result
    )


class _Reader(HTMLParser):
    """Collects readable text; links as `words (address)`, list items with a dash."""

    def __init__(self, words: Words) -> None:
        super().__init__(convert_charrefs=True)
        self.words = words
        self.parts: list[str] = []
        self.open: list[tuple[str, str, bool]] = []

    @property
    def is_skipping(self) -> bool:
        return any(is_hidden for _, _, is_hidden in self.open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        is_hidden = tag in _SKIPPED or _HIDDEN.search(given.get("style", "")) is not None
        if not self.is_skipping and not is_hidden:
            self._begin(tag, given)
        if tag not in _VOID:
            self.open.append((tag, given.get("href", ""), is_hidden))

    def _begin(self, tag: str, given: dict[str, str]) -> None:
        if tag == "br":
            self.parts.append("\n")
        elif tag == "img":
            self.parts.append(given.get("alt", ""))
        elif tag in {"td", "th"}:
            self.parts.append(" ")
        elif tag in _BLOCKS:
            self._break(2 if tag in _SPACED else 1)
        if tag == "li":
            self.parts.append("- ")
        if tag == "a":
            self.parts.append(_LINK_BEGIN)

    def _break(self, wanted: int) -> None:
        """End the line, with `wanted` line ends together with those that are there already."""
        tail = "".join(self.parts[-4:]).replace(" ", "")
        self.parts.append("\n" * (wanted - (len(tail) - len(tail.rstrip("\n")))))

    def handle_endtag(self, tag: str) -> None:
        if not any(name == tag for name, _, _ in self.open):
            return
        was_skipping = self.is_skipping
        while True:
            name, href, _ = self.open.pop()
            if name == tag:
                break
        if was_skipping:
            return
        if tag == "a":
            self._end_link(href)
        elif tag in _BLOCKS:
            self._break(2 if tag in _SPACED else 1)

    def _end_link(self, href: str) -> None:
        start = len(self.parts) - 1 - self.parts[::-1].index(_LINK_BEGIN)
        label = " ".join("".join(self.parts[start + 1 :]).split())
        address = href.removeprefix("mailto:").removeprefix("tel:")
        if not label:
            shown = address
        elif not href or href.startswith("#") or address == label:
            shown = label
        else:
            shown = f"{label} ({address})"
        self.parts[start:] = [shown]

    def handle_data(self, data: str) -> None:
        if not self.is_skipping:
            self.parts.append(re.sub(r"\s+", " ", data))

    def handle_comment(self, data: str) -> None:
        if self.words.pattern.fullmatch(data):
            self.parts.append("" if self.is_skipping else f"\x02{data}\x03")


def _tidied(text: str) -> str:
    """Return `text` with single spaces, no blanks at line ends, and one blank line at most."""
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _without_tag_lines(text: str) -> str:
    """Return `text` such that a line with nothing but block tags leaves no empty line."""
    return _TAG_LINE.sub(lambda match: re.sub(r"[ \t\n]", "", match.group()), text)
