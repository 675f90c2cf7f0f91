"""How a text is written in YAML: plain where it can be, else quoted, or as a block of lines."""

import re
from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from campanile.catalog.yaml_document import ScalarNode

_FLOW_SIGNS: Final = re.compile(r"[,\[\]{}]")
_NOT_PLAIN: Final = re.compile(
    r"""^[-?:](?:\s|$) | ^[,\[\]{}\#&*!|>'"%@`] | ^(?:---|\.\.\.)(?:\s|$) | :(?:\s|$) | \s\#
    | ^\s | \s$ | ^$
    | [^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]
    """,
    re.VERBOSE,
)
# What readers of YAML 1.1 or 1.2 take for something other than text.
_OTHER_TYPES: Final = re.compile(
    r"""~|=|<<|null|true|false|yes|no|on|off|y|n | [-+]?\.(?:inf|nan)
    | [-+]?[0-9][0-9_,]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)? | [-+]?\.[0-9_]+(?:e[-+]?[0-9]+)?
    | [-+]?0[bxo]?[0-9a-f_]+ | [-+]?[0-9_]+(?::[0-9]{1,2})+(?:\.[0-9_]*)?
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt\ ].*)?""",
    re.VERBOSE | re.IGNORECASE,
)
_SPECIAL: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def on_one_line(node: ScalarNode, *, flow: bool) -> str | None:
    """Write a text on one line; None where it should stand in lines of its own.

    Inside `{…}` and `[…]` (`flow`) None also says that only they would ask for quotes. A text that
    was quoted stays so where another reader would take it for a number, a date or a truth value.
    """
    text = node.text or ""
    if not node.plain and _OTHER_TYPES.fullmatch(text):
        return quoted(text)
    if _NOT_PLAIN.search(text):
        return None if "\n" in text and _fits_in_lines(text) else quoted(text)
    return None if flow and _FLOW_SIGNS.search(text) else text


def quoted(text: str) -> str:
    """Write a text in quotes, on one line: double ones, or single ones where that is shorter."""
    if ('"' in text or "\\" in text) and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_SPECIAL.get(character) or _escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )


def is_block(node: ScalarNode, source: str) -> bool:
    """Whether the author wrote the text as a block of lines, after `|` or `>`."""
    return not node.plain and source[node.start] in "|>"


def as_written(node: ScalarNode, source: str) -> tuple[str, Sequence[str]] | None:
    """Return the header and the lines, without indentation, of a block of text.

    None where only quotes can hold the text: it begins with spaces, or with nothing.
    """
    text = node.text or ""
    if not _fits_in_lines(text):
        return None
    header, _, rest = source[node.start : node.end].partition("\n")
    if header[0] == "|":
        return _literal(text)
    lines = rest.rstrip(" \n").split("\n")
    depth = len(lines[0]) - len(lines[0].lstrip(" "))
    return _with_ends(">", text, [line[depth:] for line in lines])


def as_lines(text: str, width: int) -> tuple[str, Sequence[str]] | None:
    """Return the header and the lines of a text too long for one line, or of several lines.

    None where neither is possible: the text must stand in quotes.
    """
    if "\n" in text:
        return _literal(text) if _fits_in_lines(text) else None
    folded = wrap(text, width, break_long_words=False, break_on_hyphens=False)
    if len(folded) < 2 or " ".join(folded) != text or not _fits_in_lines(text):
        return None
    return ">-", folded


def _fits_in_lines(text: str) -> bool:
    plain_signs = all(part.isprintable() for part in text.split("\n"))
    return plain_signs and bool(text.strip()) and text[0] not in " \n"


def _literal(text: str) -> tuple[str, Sequence[str]]:
    return _with_ends("|", text, text.rstrip("\n").split("\n"))


def _with_ends(style: str, text: str, body: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Say in the header how many ends of line the text has."""
    ends = len(text) - len(text.rstrip("\n"))
    if ends < 2:
        return f"{style}{'' if ends else '-'}", body
    return f"{style}+", [*body, *([""] * (ends - 1))]
