"""Whether a template makes more text than there is memory for, tried in a process of its own.

A text that is doubled in a loop (`{% set ns.a = ns.a ~ ns.a %}`) takes few steps and all memory; no
check of the words can know it, and the process in which it happens ends at once.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from campanile.content.names import uses
from campanile.content.pieces import Piece, plain_source

MEMORY: Final = 512 * 1024 * 1024  # bytes of address space
SECONDS: Final = 10  # of a processor
_GROWING_TAGS: Final = ("set", "macro", "call", "filter", "with")


def grows_too_large(parts: Iterable[Sequence[Piece]], names: Sequence[str]) -> bool:
    """Whether one of the parts ends a process of 512 MiB when it is rendered with short texts.

    Parts that keep no text in between (no `set`, no macro) are not tried: what they write is
    bounded by their steps.
    """
    sources = [plain_source(part) for part in parts if uses(part, _GROWING_TAGS, ())]
    return bool(sources) and not _survives(sources, _sample(names))


def _survives(sources: Sequence[str], fields: dict[str, Any]) -> bool:
    given = json.dumps({"sources": sources, "fields": fields})
    try:
        ended = subprocess.run(  # noqa: S603  our own interpreter, our own module
            [sys.executable, "-m", __name__],
            input=given.encode("utf-8"),
            capture_output=True,
            timeout=6 * SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


def _sample(names: Sequence[str]) -> dict[str, Any]:
    """A short text for each name, such as `store.name`."""
    fields: dict[str, Any] = {}
    for name in sorted(names, key=lambda name: name.count(".")):
        *path, last = name.split(".")
        inner = fields
        for step in path:
            if not isinstance(inner.get(step), dict):
                inner[step] = {}
            inner = inner[step]
        inner[last] = "a text"
    return fields


def _try() -> None:
    """Render what the standard input says within the bounds; only an end by force is a finding."""
    import resource

    from campanile.content.engine import RenderError, plain_environment, render

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    given = json.load(sys.stdin)
    environment = plain_environment("text")
    environment.undefined_behavior = "chainable"
    for number, source in enumerate(given["sources"]):
        environment.add_template(str(number), source)
        try:
            render(environment, str(number), given["fields"])
        except RenderError:
            continue  # a row may still be right; rendering it is another check's matter


if __name__ == "__main__":
    _try()
