"""Records of a delimited file: every line ends up in a record or in quarantine, none vanishes."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from campanile.errors import DataError
from campanile.operations.entities.loading.detection import FileFormat

_LONGEST_RECORD = 200  # physical lines; an open quote further away is a slip, not a text
_BLOCK_BYTES = 1 << 20


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


@dataclass(frozen=True)
class DelimitedFile:
    """The header of a file and what is below it, in order; `blocks` can be read once."""

    header: list[str]
    delimiter: str
    blocks: Iterator[PlainLines | list[Record | Rejected]]

    @property
    def records(self) -> Iterator[Record | Rejected]:
        """The same, row by row; slow for large files."""
        for block in self.blocks:
            if isinstance(block, PlainLines):
                rows = _plain_records(block, self.delimiter)
                yield from _of_width(rows, len(self.header))
            else:
                yield from block


def read_delimited(path: Path, file_format: FileFormat) -> DelimitedFile:
    """Open `path`; its first non-empty line names the columns.

    Raises:
        DataError: there is no header, or two columns have one name.
    """
    lines = _Lines(_chunks(path, file_format.encoding))
    first = next(_records(lines, file_format.delimiter), None)
    if first is None or isinstance(first, Rejected):
        raise DataError(f"{path}: the first line does not name columns.")
    header = [name.strip() for name in first.fields]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(
            f"{path}:{first.line}: two columns are called '{twice[0]}'.", remedy="Rename one."
        )
    blocks = _blocks(lines, file_format.delimiter, len(header))
    return DelimitedFile(header, file_format.delimiter, blocks)


def _blocks(
    lines: "_Lines", delimiter: str, width: int
) -> Iterator[PlainLines | list[Record | Rejected]]:
    """Cut the file into blocks: most hold no quote, and need no parser but the delimiter."""
    while block := lines.block():
        first, texts = block
        if _is_plain(texts):
            yield PlainLines(first, [text.rstrip("\r\n") for text in texts])
        else:
            lines.give_back(texts)
            yield list(_of_width(_records(lines, delimiter, first + len(texts)), width))


def _is_plain(texts: list[str]) -> bool:
    whole = "".join(texts)
    return '"' not in whole and "�" not in whole and max(map(len, texts)) < csv.field_size_limit()


def _plain_records(block: PlainLines, delimiter: str) -> Iterator[Record]:
    for number, text in enumerate(block.lines, start=block.first):
        if text.strip():
            yield Record(number, text.split(delimiter), text)


def _chunks(path: Path, encoding: str) -> Iterator[list[str]]:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        while lines := file.readlines(_BLOCK_BYTES):
            yield lines


class _Lines:
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


def _records(lines: _Lines, delimiter: str, end: int | None = None) -> Iterator[Record | Rejected]:
    """Join lines while a quote is open; a quote that never closes costs its own line only.

    With `end`, no row begins at that line or after it.
    """
    for number, line in lines:
        if end is not None and number >= end:
            lines.give_back([line])
            return
        if not line.strip():
            continue
        if line.count('"') % 2 == 0:
            yield _parse(number, line, delimiter)
            continue
        taken, closed = _until_quote_closes(lines)
        joined = _parse(number, "".join([line, *taken]), delimiter)
        if closed and isinstance(joined, Record):
            yield joined
        else:
            lines.give_back(taken)
            yield Rejected(number, "a quote is opened and never closed", line.rstrip("\r\n"))


def _until_quote_closes(lines: _Lines) -> tuple[list[str], bool]:
    taken: list[str] = []
    for _, following in lines:
        taken.append(following)
        if following.count('"') % 2 == 1:
            return taken, True
        if len(taken) >= _LONGEST_RECORD:
            break
    return taken, False


def _parse(number: int, text: str, delimiter: str) -> Record | Rejected:
    shown = text.rstrip("\r\n")
    if "�" in text:
        return Rejected(number, "characters that are not of this encoding", shown)
    try:
        fields = next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return Rejected(number, f"not a delimited row: {error}", shown)
    return Record(number, fields, shown)


def _of_width(rows: Iterator[Record | Rejected], width: int) -> Iterator[Record | Rejected]:
    for row in rows:
        if isinstance(row, Record) and len(row.fields) != width:
            reason = f"{len(row.fields)} fields where the header has {width}"
            yield Rejected(row.line, reason, row.text)
        else:
            yield row
