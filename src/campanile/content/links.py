"""The links of a mail: a frozen table, so that a click names a number and never an address.

A link may hold personal data in its path or query only. Its host is fixed when the content is
compiled, and what was personal travels in the click, percent-encoded and signed.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from campanile.content.engine import shown
from campanile.content.pieces import Piece, Tag, Text, fault_at
from campanile.errors import InvalidToken, Place

_WEB: Final = re.compile(r"https?:", re.IGNORECASE)
_WEB_PREFIX: Final = re.compile(r"https?://[^/?#\s\\@]+(?:[/?#]|\Z)", re.IGNORECASE)
_UNTRACKED: Final = re.compile(r"(?:#|mailto:|tel:|sms:|\Z)", re.IGNORECASE)
_UNSAFE: Final = re.compile("[^!-~]")
_STRING: Final = re.compile(r"\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")\s*\Z", re.DOTALL)
_LINK_CALL: Final = re.compile(r"link\s*\((.*)\)\s*\Z", re.DOTALL)
_LINK_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")
# Stand for the track and unsubscribe tokens of a message; as long as the tokens themselves.
OWN_PLACEHOLDER: Final = re.compile(r"cmpl[tu][a-z2-7]{21}")
# Names under which the renderer offers its own functions to the compiled template.
TRACKED_FUNCTION: Final = "_campanile_tracked"
ENCODE_FUNCTION: Final = "_campanile_encoded"


@dataclass(frozen=True)
class Link:
    """One link of a delivery; `url` is the fixed part when it `is_personal`, else all of it."""

    number: int
    name: str | None
    url: str
    is_personal: bool = False

    def target(self, value: str | None = None) -> str:
        """Return where a click leads; `value` is the signed personal part, percent-encoded.

        Raises InvalidToken when a personal part is missing, or unsafe in a header.
        """
        if not self.is_personal:
            return self.url
        if value is None or _UNSAFE.search(value):
            raise InvalidToken("the link lacks its personal part.")
        return self.url + value


@dataclass
class LinkTable:
    """Collects the links of one mail; the same name and address have one number."""

    base_url: str
    placeholder: str
    is_tracked: bool
    utm: Mapping[str, str] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)

    def rewrite(self, url: list[Piece], place: Place, name: str | None = None) -> list[Piece]:
        """Return what stands in the mail for `url`; refuse a host that depends on the recipient."""
        first = url[0].text.lstrip() if url and isinstance(url[0], Text) else ""
        is_fixed = all(isinstance(piece, Text) for piece in url)
        if _is_ours(url) or (_UNTRACKED.match(first) and (is_fixed or first)):
            return url
        self._check(url, first, place)
        pieces = _stripped(self._with_utm(url))
        fixed = pieces[0].text if isinstance(pieces[0], Text) else ""
        if not self.is_tracked:
            return _untracked(pieces)
        number = self._number(name, fixed, is_personal=len(pieces) > 1)
        if len(pieces) == 1:
            return [Text(f"{self.base_url}/c/{self.placeholder}/{number}")]
        return [Tag("expression", f"{TRACKED_FUNCTION}({number}, {_joined(pieces[1:])})", place)]

    def expand_call(self, tag: Tag) -> list[Piece] | None:
        """Return what stands for `{{ link('shop', url) }}`, or None for any other expression."""
        match = _LINK_CALL.match(tag.source)
        if tag.kind != "expression" or match is None:
            return None
        arguments = split_expression(match.group(1), ",")
        name = _string(arguments[0]) if arguments else None
        if len(arguments) != 2 or name is None or not _LINK_NAME.match(name):
            raise fault_at(
                tag.place,
                "link takes a name in quotes and an address.",
                "Write {{ link('shop', 'https://shop.example/sale') }}.",
                "link",
            )
        return self.rewrite(_concatenation(arguments[1], tag.place), tag.place, name)

    def _check(self, url: list[Piece], first: str, place: Place) -> None:
        if any(isinstance(piece, Tag) and piece.kind == "block" for piece in url):
            raise fault_at(
                place,
                "a condition or loop stands inside a link's address.",
                "Put it around the whole link.",
                "link",
            )
        prefix = _WEB_PREFIX.match(first)
        is_open = prefix is not None and prefix.group()[-1] not in "/?#" and len(url) > 1
        if prefix is not None and not is_open:
            return
        if _WEB.match(first) or not isinstance(url[0], Text):
            raise fault_at(
                place,
                "the host of a link depends on the recipient, or is missing.",
                "Begin the address with a fixed host: https://shop.example/{{ path }}.",
                "link_host",
            )
        raise fault_at(
            place,
            "a link's address does not begin with https:// or http://.",
            "Write the whole address; mailto:, tel: and # are allowed too.",
            "link_scheme",
        )

    def _with_utm(self, url: list[Piece]) -> list[Piece]:
        if not self.utm:
            return url
        fixed = "".join(piece.text for piece in url if isinstance(piece, Text))
        missing = [key for key in self.utm if not re.search(rf"[?&]utm_{re.escape(key)}=", fixed)]
        query = "&".join(f"utm_{key}={quote(self.utm[key], safe='')}" for key in missing)
        if not query:
            return url
        return _insert_query(url, ("&" if "?" in fixed.split("#")[0] else "?") + query)

    def _number(self, name: str | None, url: str, *, is_personal: bool) -> int:
        for link in self.links:
            if (link.name, link.url, link.is_personal) == (name, url, is_personal):
                return link.number
        self.links.append(Link(len(self.links) + 1, name, url, is_personal))
        return len(self.links)


def _is_ours(url: list[Piece]) -> bool:
    """Whether `url` is a link that this table, or `message.unsubscribe`, has already written."""
    first = url[0] if url else None
    if isinstance(first, Tag):
        return len(url) == 1 and first.source.startswith((TRACKED_FUNCTION, ENCODE_FUNCTION))
    return first is not None and OWN_PLACEHOLDER.search(first.text) is not None


def _insert_query(url: list[Piece], query: str) -> list[Piece]:
    """Return `url` with `query` before its fragment, or at its end."""
    for index, piece in enumerate(url):
        if isinstance(piece, Text) and "#" in piece.text:
            before, after = piece.text.split("#", 1)
            return [*url[:index], Text(f"{before}{query}#{after}"), *url[index + 1 :]]
    return [*url, Text(query)]


def _stripped(url: list[Piece]) -> list[Piece]:
    """Return `url` with its fixed texts joined, trimmed, and safe in a header."""
    pieces: list[Piece] = []
    for piece in url:
        if isinstance(piece, Text) and pieces and isinstance(last := pieces[-1], Text):
            pieces[-1] = Text(last.text + piece.text)
        else:
            pieces.append(piece)
    return [
        Text(_UNSAFE.sub(_percent, piece.text.strip())) if isinstance(piece, Text) else piece
        for piece in pieces
    ]


def _percent(match: re.Match[str]) -> str:
    return quote(match.group(), safe="")


def _untracked(pieces: list[Piece]) -> list[Piece]:
    return [
        Tag("expression", f"{ENCODE_FUNCTION}({piece.source})", piece.place)
        if isinstance(piece, Tag) and not piece.source.startswith(ENCODE_FUNCTION)
        else piece
        for piece in pieces
    ]


def _joined(pieces: Iterable[Piece]) -> str:
    """Return one expression for the personal rest of an address, its values percent-encoded."""
    parts = [
        f"{ENCODE_FUNCTION}({piece.source})" if isinstance(piece, Tag) else json.dumps(piece.text)
        for piece in pieces
    ]
    return " ~ ".join(parts)


def _concatenation(expression: str, place: Place) -> list[Piece]:
    """Read `'https://shop.example/' ~ id` as an address with fixed and personal pieces."""
    pieces: list[Piece] = []
    for part in split_expression(expression, "~"):
        text = _string(part)
        pieces.append(Tag("expression", part.strip(), place) if text is None else Text(text))
    return pieces


def _string(expression: str) -> str | None:
    match = _STRING.match(expression)
    if match is None:
        return None
    inner = match.group(1) if match.group(1) is not None else match.group(2)
    return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)


def split_expression(expression: str, separator: str) -> list[str]:
    """Cut an expression at `separator`, past quotes and brackets."""
    parts, depth, quoted, start, at = [], 0, "", 0, 0
    while at < len(expression):
        char = expression[at]
        if quoted:
            if char == "\\":
                at += 1
            elif char == quoted:
                quoted = ""
        elif char in "'\"":
            quoted = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(expression[start:at])
            start = at + 1
        at += 1
    return [*parts, expression[start:]]


def link_functions(
    base_url: str, placeholder: str, mac: Callable[[str, int, str], str], token: Callable[[], str]
) -> dict[str, Callable[..., Any]]:
    """Return the functions that compiled templates call for links with personal parts.

    `mac(token, number, value)` signs; `token()` is that of the message being rendered.
    """

    def tracked(number: int, value: str) -> str:
        signature = mac(token(), number, value)
        return f"{base_url}/c/{placeholder}/{number}?v={quote(value, safe='')}&m={signature}"

    return {TRACKED_FUNCTION: tracked, ENCODE_FUNCTION: percent_encoded}


def percent_encoded(value: object) -> str:
    """Return a value for the path or query of an address; no character can leave its place."""
    return quote(shown(value).encode("utf-8", "replace"), safe="")
