"""The signs and encodings that text files are written in."""

import codecs
from typing import Annotated, Final

from pydantic import AfterValidator, WithJsonSchema

from campanile.activities.values import Text, fault

_WORDS: Final = {"tab": "\t", "none": ""}


def sign_of(written: str) -> str:
    """The sign itself: `tab` is a tabulator, `none` no sign."""
    return _WORDS.get(written, written)


def _require_sign(written: str) -> str:
    sign = sign_of(written)
    if len(sign) != 1 or sign in "\r\n\0\ufffd":
        fault("sign", f"`{written}` is not one sign, nor `tab`.")
    return written


def _require_quote(written: str) -> str:
    return written if written == "none" else _require_sign(written)


def _require_encoding(written: str) -> str:
    try:
        codecs.lookup(written)
        "".encode(written)
    except LookupError:
        fault("encoding", f"there is no encoding `{written}`, such as utf-8 or cp1252.")
    return written


Separator = Annotated[
    str,
    AfterValidator(_require_sign),
    WithJsonSchema({"type": "string", "examples": [";", "tab"]}),
]
Quote = Annotated[
    str,
    AfterValidator(_require_quote),
    WithJsonSchema({"type": "string", "examples": ["'", "none"]}),
]
Encoding = Annotated[
    Text,
    AfterValidator(_require_encoding),
    WithJsonSchema({"type": "string", "examples": ["utf-8", "cp1252"]}),
]
