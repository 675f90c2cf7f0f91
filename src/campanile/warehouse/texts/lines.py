"""Numbered lines of a text file, read block by block, and the rows that are made of them."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from campanile.errors import DataError

_BLOCK = 1 << 20  # characters
_LONGEST_LINE = 1 << 24  # characters; a longer one is no line of a table


@dataclass(frozen=True)
class Record:
    """The fields of one row; `line` counts from 1, `text` is the row as written."""

    line: int
    fields: list[str]
    text: str


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be used, with the reason; `line` counts from 1."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class PlainLines:
    """Lines in which nothing is quoted: each is a row, its fields lie between delimiters.

    `first` is the number of the first line; lines have no line ends, and empty ones are no rows.
    """

    first: int
    lines: list[str]


Block = PlainLines | list[Record | Rejected]


def read_lines(path: Path, encoding: str) -> Iterator[list[str]]:
    """The lines of a file with their ends, a block at a time; raises DataError for endless ones.

    What is not of the encoding becomes U+FFFD.
    """
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        block: list[str] = []
        size = 0
        while line := file.readline(_LONGEST_LINE):
            if len(line) == _LONGEST_LINE and not line.endswith(("\r", "\n")):
                raise DataError(
                    f"{path}: a line has more than {_LONGEST_LINE:,} characters.",
                    remedy="A file of rows has line ends.",
                )
            block.append(line)
            size += len(line)
            if size >= _BLOCK:
                yield block
                block, size = [], 0
        if block:
            yield block


class Lines:
    """Numbered lines that can be given back after looking ahead."""

    def __init__(self, chunks: Iterator[list[str]]) -> None:
        self._chunks = chunks
        self._ahead: deque[str] = deque()
        self._next = 1  # the number of the first line ahead

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        if not self._ahead:
            self._ahead.extend(next(self._chunks))
        self._next += 1
        return self._next - 1, self._ahead.popleft()

    def pass_over(self, lines: int) -> None:
        """Leave out the next lines; their numbers count."""
        for _ in range(lines):
            next(self, None)

    def block(self) -> tuple[int, list[str]] | None:
        """Take some thousand lines, with the number of the first; None at the end."""
        first, texts = self._next, list(self._ahead) or next(self._chunks, [])
        self._ahead.clear()
        self._next += len(texts)
        return (first, texts) if texts else None

    def give_back(self, taken: list[str]) -> None:
        """Put back the lines that were taken last, to be read again."""
        self._ahead.extendleft(reversed(taken))
        self._next -= len(taken)
