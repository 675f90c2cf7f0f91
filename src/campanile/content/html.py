"""HTML of a mail: MJML and style sheets are worked in while the tags are opaque to both.

Tags become words in text and attributes, comments between elements: parsers move or mangle
anything else (a loop around table rows would come out empty).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import css_inline
import mrml

from campanile.content.pieces import Piece, Tag, Text, fault_at, tag_source
from campanile.errors import FaultsFound, Place

_RAW_TEXT: Final = frozenset(
    {"style", "script", "title", "textarea", "mj-style", "mj-title", "mj-preview"}
)
_IN_TEXT: Final = re.compile(r"<!--|</?[A-Za-z][^\s/>]*")
_IN_TAG: Final = re.compile(r"=\s*\"|=\s*'|=\s*(?=[^\s\"'>]|\Z)|>")


class Words:
    """The opaque words that stand for the tags of one template; they depend on it alone."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        source = "".join(
            piece.text if isinstance(piece, Text) else tag_source(piece) for piece in pieces
        )
        self.prefix = "zq" + blake2b(source.encode("utf-8", "replace"), digest_size=5).hexdigest()
        while self.prefix in source:
            self.prefix += "q"
        self.tags: list[Tag] = []
        word = rf"{self.prefix}n(\d+)z"
        self.pattern: Final = re.compile(rf"<!--{word}-->|{word}")

    def add(self, tag: Tag) -> str:
        """Return a new word for `tag`."""
        self.tags.append(tag)
        return f"{self.prefix}n{len(self.tags) - 1}z"

    def restore(self, text: str) -> list[Piece]:
        """Return `text` cut into pieces at the words, each with its tag."""
        pieces: list[Piece] = []
        at = 0
        for match in self.pattern.finditer(text):
            if match.start() > at:
                pieces.append(Text(text[at : match.start()]))
            pieces.append(self.tag_of(match))
            at = match.end()
        if at < len(text):
            pieces.append(Text(text[at:]))
        return pieces

    def tag_of(self, match: re.Match[str]) -> Tag:
        """Return the tag that a match of `pattern` stands for."""
        return self.tags[int(match.group(1) or match.group(2))]

    def indexes(self, text: str) -> list[int]:
        """Return the numbers of the words in `text`, in order."""
        return [int(m.group(1) or m.group(2)) for m in self.pattern.finditer(text)]


@dataclass
class _Position:
    """Where a reader of HTML stands: in text, in a tag, in an attribute's value, in a comment."""

    state: str = "text"
    element: str = ""
    closing: str = ""

    def read(self, text: str) -> None:
        at = 0
        while at < len(text):
            at = getattr(self, f"_{self.state}")(text, at)

    def _text(self, text: str, at: int) -> int:
        match = _IN_TEXT.search(text, at)
        if match is None:
            return len(text)
        if match.group() == "<!--":
            self.state, self.closing = "until", "-->"
        else:
            self.state, self.element = "tag", match.group()[1:].lower()
        return match.end()

    def _tag(self, text: str, at: int) -> int:
        match = _IN_TAG.search(text, at)
        if match is None:
            return len(text)
        if match.group() == ">":
            if self.element in _RAW_TEXT and text[match.start() - 1 : match.start()] != "/":
                self.state, self.closing = "until", f"</{self.element}"
            else:
                self.state = "text"
        elif match.group()[-1] in "\"'":
            self.state, self.closing = "value", match.group()[-1]
        else:
            self.state = "bare"
        return match.end()

    def _value(self, text: str, at: int) -> int:
        end = text.find(self.closing, at)
        if end < 0:
            return len(text)
        self.state = "tag"
        return end + 1

    def _bare(self, text: str, at: int) -> int:
        match = re.compile(r"[\s>]").search(text, at)
        if match is None:
            return len(text)
        self.state = "tag"
        return match.start()

    def _until(self, text: str, at: int) -> int:
        end = text.lower().find(self.closing, at)
        if end < 0:
            return len(text)
        self.state = "tag" if self.closing.startswith("</") else "text"
        self.element = "/" if self.state == "tag" else self.element
        return end + len(self.closing)


def with_words(pieces: Iterable[Piece], words: Words) -> str:
    """Return the template with each tag replaced by a word, or by a comment between elements.

    Raises FaultsFound for a tag among the attributes of an element.
    """
    position, parts = _Position(), []
    for piece in pieces:
        if isinstance(piece, Text):
            position.read(piece.text)
            parts.append(piece.text)
            continue
        if position.state == "tag":
            raise fault_at(
                piece.place,
                "a tag stands among the attributes of an element.",
                "Put it inside the quotes of an attribute's value, or around the element.",
                "tag_place",
            )
        word = words.add(piece)
        is_between = position.state == "text" and piece.kind == "block"
        parts.append(f"<!--{word}-->" if is_between else word)
    return "".join(parts)


def from_mjml(source: str, file: str) -> str:
    """Return the HTML that MJML `source` stands for; nothing is fetched or included."""
    try:
        output = mrml.to_html(source, render_options=mrml.RenderOptions(fonts={}))
    except OSError as error:
        raise fault_at(
            Place(file),
            f"this is not MJML: {error}.",
            "Close every mj- element, and write &lt; for a '<' in the text.",
            "mjml",
        ) from None
    return str(output.content)


def inline_styles(html: str, file: str) -> str:
    """Return `html` with its style sheets worked into the elements; nothing is fetched."""
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)
    try:
        return str(inliner.inline(html))
    except css_inline.InlineError as error:
        raise fault_at(Place(file), f"the style sheets cannot be used: {error}.") from None


def check_words(html: str, words: Words) -> None:
    """Raise FaultsFound when a tag got lost, out of order, or into a comment for Outlook only."""
    order = words.indexes(html)
    first = list(dict.fromkeys(order))
    for index in range(len(words.tags)):
        if index not in first:
            raise _displaced(words.tags[index], "a tag stands where the mail keeps no content.")
    for earlier, later in pairwise(first):
        if later < earlier:
            raise _displaced(words.tags[later], "a tag stands where a table moves it elsewhere.")
    for comment in re.finditer(r"<!--\[if.*?<!\[endif\]-->", html, re.DOTALL):
        inside = re.search(rf"<!--{words.prefix}n(\d+)z-->", comment.group())
        if inside and "<!--<![endif]-->" not in comment.group():
            raise _displaced(
                words.tags[int(inside.group(1))], "a tag stands directly inside mj-wrapper."
            )


def _displaced(tag: Tag, message: str) -> FaultsFound:
    return fault_at(
        tag.place,
        message,
        "Put it inside the text of an element, or around whole rows, columns or sections.",
        "tag_place",
    )
