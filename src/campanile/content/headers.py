"""Header fields of a message, written so that no value can add a field or a line of its own."""

import base64
import re
from dataclasses import dataclass
from typing import Final

from campanile.errors import DefinitionError

# C0 and C1 controls, Unicode line and paragraph separators, lone surrogates, bidi overrides.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ADDRESS: Final = re.compile(r"[^\s@<>\"(),:;\[\]\\\x00-\x1f\x7f-\x9f]+@[A-Za-z0-9.-]+")
_ENCODED_WORD_BYTES: Final = 39  # so that the first line stays within 76 with a 'Subject: ' before
_LINE: Final = 66


@dataclass(frozen=True)
class Mailbox:
    """A name (may be empty) and an address whose domain is in ASCII (A-labels)."""

    name: str
    address: str


def one_line(text: str) -> str:
    """Return `text` without anything that could end a line or reorder the display."""
    return _UNSAFE.sub(" ", text).strip()


def encode_text(text: str) -> str:
    """Return unstructured text for a header: as it is, or as RFC 2047 words on folded lines."""
    clean = one_line(text)
    if clean.isascii() and "=?" not in clean and len(clean) <= _LINE:
        return clean
    words = clean.split(" ")
    if clean.isascii() and "=?" not in clean and all(0 < len(word) < _LINE for word in words):
        return _fold(words)
    return _encoded_words(clean)


def encode_mailbox(mailbox: Mailbox) -> str:
    """Return `mailbox` for From or To; the address itself is never encoded (RFC 2047 section 5).

    Raises DefinitionError for an address that is no address, without repeating it.
    """
    if not is_address(mailbox.address):
        raise DefinitionError(
            "the address is not one mailbox with an ASCII domain.",
            remedy="Write it as name@domain.example, international domains as xn--….",
            code="address",
        )
    name = one_line(mailbox.name)
    if not name:
        return mailbox.address
    if _ATOMS.fullmatch(name) and len(name) <= _LINE and "=?" not in name:
        shown = name
    elif name.isascii() and len(name) <= _LINE and "=?" not in name:
        shown = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        shown = _encoded_words(name)
    separator = " " if len(shown) + len(mailbox.address) < _LINE and "\r" not in shown else "\r\n "
    return f"{shown}{separator}<{mailbox.address}>"


def is_address(address: str) -> bool:
    """Whether `address` is one mailbox that can stand in an envelope and in a header."""
    return len(address) <= 254 and _ADDRESS.fullmatch(address) is not None


def _fold(words: list[str]) -> str:
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > _LINE:
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return "\r\n ".join(lines)


def _encoded_words(text: str) -> str:
    words, rest = [], text.encode("utf-8")
    while rest:
        cut = _ENCODED_WORD_BYTES
        while rest[cut : cut + 1] and rest[cut] & 0xC0 == 0x80:  # in the middle of a character
            cut -= 1
        words.append(rest[:cut])
        rest = rest[cut:]
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode('ascii')}?=" for word in words)
