"""Pages as text: headings, tables, fenced blocks, and the anchors that links aim at."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

MADE: Final = "<!-- Made by `campanile reference`; change the models, then make it again. -->"


def page(title: str, *parts: str) -> str:
    """One page: its title, where it comes from, and its parts with an empty line between."""
    kept = [part.strip("\n") for part in parts if part.strip()]
    return "\n\n".join([f"# {title}", MADE, *kept]) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty when there is no row."""
    lines = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    rule = f"|{'|'.join('---' for _ in heads)}|"
    return "\n".join([f"| {' | '.join(heads)} |", rule, *lines]) if lines else ""


def block(text: str, kind: str) -> str:
    """A fenced block; `kind` is its language, and for YAML also what it is a piece of."""
    return f"```{kind}\n{text.strip()}\n```"


def code(text: str) -> str:
    """Text as it is written in a file."""
    return f"`{text}`"


def listed(words: Sequence[str], last: str = "or") -> str:
    """Words as people join them: `a`, `b` or `c`."""
    marked = [code(word) for word in words]
    return f" {last} ".join([", ".join(marked[:-1]), marked[-1]] if len(marked) > 1 else marked)


def anchor(heading: str) -> str:
    """The anchor that code hosts give a heading: small letters, spaces as dashes, no signs."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def prose(docstring: str | None) -> str:
    """A docstring as paragraphs: indents gone, names in backticks kept."""
    paragraphs = re.split(r"\n\s*\n", (docstring or "").strip())
    return "\n\n".join(" ".join(part.split()) for part in paragraphs)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
