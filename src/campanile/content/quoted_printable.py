"""Quoted-printable in self-contained segments, so that fixed text is encoded once per delivery.

A segment begins in column 0 and ends in column 0 (after a hard line break or a soft one). Segments
can therefore be joined in any order, inside loops and conditions, and the whole stays valid
(RFC 2045 section 6.7). A dot never begins a line, so SMTP needs no dot-stuffing pass.
"""

import re
from typing import Final

LINE_LIMIT: Final = 76  # characters, the soft break's '=' included

SOFT_BREAK: Final = "=\r\n"
_ROOM: Final = LINE_LIMIT - 1
_SPECIAL: Final = re.compile(r"[^\t -<>-~]")  # everything but printable ASCII, tab and '='
_TAG_BRACE: Final = re.compile(r"\{(?=[{%#]|\Z)")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
# One short word or sentence that is the same in plain text, HTML and quoted-printable.
_AS_IT_IS: Final = re.compile(r"[A-Za-z0-9 ,;:!?()@/_+*#$%-][A-Za-z0-9 ,;:!?()@/_+*#$%.-]{0,74}")

# Whether a value is, with SOFT_BREAK behind it, a segment as it stands: nearly all are.
is_plain: Final = _AS_IT_IS.fullmatch


def encode_segment(text: str, atoms: tuple[str, ...] = (), *, is_template: bool = False) -> str:
    """Return `text` as one self-contained segment; line ends of any kind become CRLF.

    `atoms` are placeholders that no soft break may split. With `is_template`, braces that would
    open a template tag are encoded too.
    """
    if not text:
        return ""
    lines = _LINE_END.split(text)
    encoded = [_encode_line(line, atoms, is_template) + "\r\n" for line in lines[:-1]]
    if lines[-1]:
        encoded.append(_encode_line(lines[-1], atoms, is_template, ends_soft=True) + SOFT_BREAK)
    return "".join(encoded)


def _encode_line(
    line: str, atoms: tuple[str, ...], is_template: bool, *, ends_soft: bool = False
) -> str:
    escaped = _SPECIAL.sub(_escape, line)
    if is_template:
        escaped = _TAG_BRACE.sub("=7B", escaped)
    if not ends_soft and escaped[-1:] in {" ", "\t"}:
        escaped = escaped[:-1] + ("=20" if escaped[-1] == " " else "=09")
    if len(escaped) <= _ROOM and not escaped.startswith("."):
        return escaped
    return SOFT_BREAK.join(_wrap(escaped, atoms))


def _escape(match: re.Match[str]) -> str:
    return "".join(f"={byte:02X}" for byte in match.group().encode("utf-8", "replace"))


def _wrap(escaped: str, atoms: tuple[str, ...]) -> list[str]:
    """Cut an escaped line so that no `=XX` and no atom is split and no part begins with a dot."""
    parts: list[str] = []
    while escaped:
        if escaped.startswith("."):
            escaped = "=2E" + escaped[1:]
        if len(escaped) <= _ROOM:
            parts.append(escaped)
            break
        cut = _before_escape(escaped, _before_atom(escaped, _ROOM, atoms))
        parts.append(escaped[:cut])
        escaped = escaped[cut:]
    return parts


def _before_atom(escaped: str, cut: int, atoms: tuple[str, ...]) -> int:
    for atom in atoms:
        start = escaped.find(atom, max(0, cut - len(atom) + 1), cut + len(atom) - 1)
        if 0 < start < cut:
            return start
    return cut


def _before_escape(escaped: str, cut: int) -> int:
    if escaped[cut - 1] == "=":
        return cut - 1
    if escaped[cut - 2] == "=":
        return cut - 2
    return cut
