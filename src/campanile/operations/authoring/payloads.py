"""The payload of a signal: what came as JSON or on a command line, as the texts of parameters."""

import json
import re
from collections.abc import Mapping
from hashlib import blake2b
from math import isfinite
from typing import Final

from campanile.errors import Refused

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_MOST_PARAMETERS: Final = 50
_LONGEST_VALUE: Final = 2_000  # characters of a value that the campaign does not declare


def payload_texts(payload: Mapping[str, object]) -> dict[str, str]:
    """The payload as texts; JSON's numbers and booleans are written as a file would.

    Raises Refused for what no parameter can hold.
    """
    if len(payload) > _MOST_PARAMETERS:
        raise Refused(f"a signal has at most {_MOST_PARAMETERS} parameters.")
    return {_sound_name(name): _text(name, value) for name, value in payload.items()}


def _sound_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Refused(
            "a parameter of the signal has a name that no parameter can have.",
            remedy="Letters, digits and underscores, a letter first, at most 60 characters.",
        )
    return name


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if len(value) > _LONGEST_VALUE:
            raise Refused(f"the parameter '{name}' is longer than {_LONGEST_VALUE:,} characters.")
        return value
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return str(value)
    raise Refused(
        f"the parameter '{name}' is neither a text, a number nor true or false.",
        remedy="Leave it out where it has no value.",
    )


def sound_key(key: str) -> str:
    """Return the key of a signal; raises Refused for one that cannot be kept."""
    if not 0 < len(key) <= 200 or not key.isprintable() or key.startswith("execution:"):
        raise Refused("the key of a signal has 1 to 200 printable characters.")
    return key


def digest_of(texts: Mapping[str, str]) -> str:
    """What tells two payloads apart."""
    written = json.dumps(texts, sort_keys=True, ensure_ascii=False)
    return blake2b(written.encode(), digest_size=16).hexdigest()
