"""Records of a delimited file: every line ends up in a record or in quarantine, none vanishes."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from campanile.errors import DataError
from campanile.warehouse.texts.detection import FileFormat
from campanile.warehouse.texts.lines import Block, Lines, PlainLines, Record, Rejected, read_lines

_LONGEST_RECORD = 200  # physical lines; an open quote further away is a slip, not a text


@dataclass(frozen=True)
class Dialect:
    """How the rows of a file are written, apart from its encoding.

    `skip` lines at the top are no rows. Without `header` the first row is data, and `width` says
    how many values a row has. Without `multiline` a value ends with its line at the latest.
    """

    header: bool = True
    width: int = 0
    skip: int = 0
    quote: str = '"'
    multiline: bool = True


USUAL = Dialect()


@dataclass(frozen=True)
class DelimitedFile:
    """The header of a file and what is below it, in order; `blocks` can be read once."""

    header: list[str]
    delimiter: str
    blocks: Iterator[Block]

    @property
    def records(self) -> Iterator[Record | Rejected]:
        """The same, row by row; slow for large files."""
        for block in self.blocks:
            if isinstance(block, PlainLines):
                rows = _plain_records(block, self.delimiter)
                yield from _of_width(rows, len(self.header))
            else:
                yield from block


def read_delimited(path: Path, file_format: FileFormat, dialect: Dialect = USUAL) -> DelimitedFile:
    """Open `path`; its first non-empty line names the columns, else they are `1`, `2`, ….

    Raises:
        DataError: there is no header, or two columns have one name.
    """
    lines = Lines(read_lines(path, file_format.encoding))
    lines.pass_over(dialect.skip)
    rows = _Rows(lines, file_format.delimiter, dialect)
    if dialect.header:
        header = _header(path, next(rows.records(), None))
    else:
        header = [str(number + 1) for number in range(dialect.width)]
    return DelimitedFile(header, file_format.delimiter, rows.blocks(len(header)))


def _header(path: Path, first: Record | Rejected | None) -> list[str]:
    if first is None or isinstance(first, Rejected):
        raise DataError(f"{path}: the first line does not name columns.")
    header = [name.strip() for name in first.fields]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(
            f"{path}:{first.line}: two columns are called '{twice[0]}'.", remedy="Rename one."
        )
    return header


@dataclass(frozen=True)
class _Rows:
    """The rows of numbered lines."""

    lines: Lines
    delimiter: str
    dialect: Dialect

    def blocks(self, width: int) -> Iterator[Block]:
        """Cut the file into blocks: most hold no quote, and need no parser but the delimiter."""
        while block := self.lines.block():
            first, texts = block
            if self._is_plain(texts):
                yield PlainLines(first, [text.rstrip("\r\n") for text in texts])
            else:
                self.lines.give_back(texts)
                yield list(_of_width(self.records(first + len(texts)), width))

    def _is_plain(self, texts: list[str]) -> bool:
        whole, quote = "".join(texts), self.dialect.quote
        special = (quote and quote in whole) or "�" in whole or "\0" in whole
        return not special and max(map(len, texts)) < csv.field_size_limit()

    def records(self, end: int | None = None) -> Iterator[Record | Rejected]:
        """Join lines while a quote is open; a quote that never closes costs its own line only.

        With `end`, no row begins at that line or after it.
        """
        for number, line in self.lines:
            if end is not None and number >= end:
                self.lines.give_back([line])
                return
            if not line.strip():
                continue
            if self._is_closed(line):
                yield self._parse(number, line)
                continue
            taken, closed = self._until_quote_closes()
            joined = self._parse(number, "".join([line, *taken]))
            if closed and isinstance(joined, Record):
                yield joined
            else:
                self.lines.give_back(taken)
                yield Rejected(number, "a quote is opened and never closed", line.rstrip("\r\n"))

    def _is_closed(self, line: str) -> bool:
        quote = self.dialect.quote
        return not quote or line.count(quote) % 2 == 0

    def _until_quote_closes(self) -> tuple[list[str], bool]:
        taken: list[str] = []
        for _, following in self.lines if self.dialect.multiline else ():
            taken.append(following)
            if not self._is_closed(following):
                return taken, True
            if len(taken) >= _LONGEST_RECORD:
                break
        return taken, False

    def _parse(self, number: int, text: str) -> Record | Rejected:
        shown = text.rstrip("\r\n")
        if "�" in text:
            return Rejected(number, "characters that are not of this encoding", shown)
        if "\0" in text:
            return Rejected(number, "a NUL, which is no character of a text", shown)
        quote = self.dialect.quote
        try:
            reader = csv.reader(
                [text],
                delimiter=self.delimiter,
                quotechar=quote or None,
                quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
                strict=True,
            )
            fields = next(reader)
        except csv.Error as error:
            return Rejected(number, f"not a delimited row: {error}", shown)
        return Record(number, fields, shown)


def _plain_records(block: PlainLines, delimiter: str) -> Iterator[Record]:
    for number, text in enumerate(block.lines, start=block.first):
        if text.strip():
            yield Record(number, text.split(delimiter), text)


def _of_width(rows: Iterator[Record | Rejected], width: int) -> Iterator[Record | Rejected]:
    for row in rows:
        if isinstance(row, Record) and len(row.fields) != width:
            reason = f"{len(row.fields)} fields where the header has {width}"
            yield Rejected(row.line, reason, row.text)
        else:
            yield row
