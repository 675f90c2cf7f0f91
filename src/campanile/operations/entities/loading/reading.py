"""Records of a delimited file: every line ends up in a record or in quarantine, none vanishes."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from campanile.errors import DataError
from campanile.operations.entities.loading.detection import FileFormat

_LONGEST_RECORD = 200  # physical lines; an open quote further away is a slip, not a text


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
class DelimitedFile:
    """The header of a file and the records below it."""

    header: list[str]
    records: Iterator[Record | Rejected]


def read_delimited(path: Path, file_format: FileFormat) -> DelimitedFile:
    """Open `path`; its first non-empty line names the columns.

    Raises:
        DataError: there is no header, or two columns have one name.
    """
    lines = _lines(path, file_format.encoding)
    rows = _records(lines, file_format.delimiter)
    first = next(rows, None)
    if first is None or isinstance(first, Rejected):
        raise DataError(f"{path}: the first line does not name columns.")
    header = [name.strip() for name in first.fields]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(
            f"{path}:{first.line}: two columns are called '{twice[0]}'.", remedy="Rename one."
        )
    return DelimitedFile(header, _of_width(rows, len(header)))


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        yield from enumerate(file, start=1)


class _Lines:
    """Numbered lines that can be given back after looking ahead."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines = lines
        self._given_back: deque[tuple[int, str]] = deque()

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        return self._given_back.popleft() if self._given_back else next(self._lines)

    def give_back(self, taken: list[tuple[int, str]]) -> None:
        self._given_back.extendleft(reversed(taken))


def _records(numbered: Iterator[tuple[int, str]], delimiter: str) -> Iterator[Record | Rejected]:
    """Join lines while a quote is open; a quote that never closes costs its own line only."""
    lines = _Lines(numbered)
    for number, line in lines:
        if not line.strip():
            continue
        if line.count('"') % 2 == 0:
            yield _parse(number, line, delimiter)
            continue
        taken, closed = _until_quote_closes(lines)
        joined = _parse(number, "".join([line, *(text for _, text in taken)]), delimiter)
        if closed and isinstance(joined, Record):
            yield joined
        else:
            lines.give_back(taken)
            yield Rejected(number, "a quote is opened and never closed", line.rstrip("\r\n"))


def _until_quote_closes(lines: _Lines) -> tuple[list[tuple[int, str]], bool]:
    taken: list[tuple[int, str]] = []
    for following in lines:
        taken.append(following)
        if following[1].count('"') % 2 == 1:
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
