"""Rows of files as typed tables: what could be read, and what could not with its reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from campanile.activities.file_signs import sign_of
from campanile.activities.load_file import REJECTS, LoadFile
from campanile.errors import DataError
from campanile.relations.sql import SQL_TYPES
from campanile.warehouse.staging import LINE, TEXT, Staging
from campanile.warehouse.text_values import literal, quoted
from campanile.warehouse.texts.delimited import Dialect, read_delimited
from campanile.warehouse.texts.detection import FileFormat, detect_format
from campanile.warehouse.texts.fixed_width import read_fixed_width
from campanile.warehouse.texts.lines import Block
from campanile.warehouse.texts.typed_values import TypedColumn

ROWS, REFUSED = "file_rows", "file_rejects"  # the tables that are filled
_FILE_STEP = 1 << 40  # row numbers of one file: its lines, after so many for each file before it
_BLOCKS_AT_ONCE = 16  # some 16 million characters, typed together
_LONGEST_TEXT = 10_000  # characters of a rejected row that are kept


@dataclass(frozen=True)
class _Source:
    """One file, opened: its columns in their order, and its rows."""

    header: Sequence[str]
    blocks: Iterable[Block]
    delimiter: str


@dataclass
class FileTables:
    """Fills the two tables of one `load_file` from file after file, with bounded memory.

    `zone` is that of times without an offset.
    """

    staging: Staging
    config: LoadFile
    zone: str
    files: int = 0

    def open(self) -> None:
        """Make the two tables, empty."""
        for name, schema in ((ROWS, self.config.table_schema), (REFUSED, REJECTS)):
            columns = ", ".join(f"{quoted(c)} {SQL_TYPES[t]}" for c, t in schema.items())
            self.staging.run(f"CREATE TEMP TABLE {name} ({columns})")

    def take(self, path: Path, name: str) -> tuple[int, int]:
        """Read a file; returns how many rows were read, and how many could not be.

        Raises DataError where the file as a whole is not what the columns describe.
        """
        before = self.staging.count(ROWS), self.staging.count(REFUSED)
        try:
            self._take(path, name)
        except DataError as error:  # where the copy lies is nobody's business
            message = error.message.replace(str(path), name)
            raise DataError(message, remedy=error.remedy) from error
        self.files += 1
        return self.staging.count(ROWS) - before[0], self.staging.count(REFUSED) - before[1]

    def _take(self, path: Path, name: str) -> None:
        source = self._opened(path)
        columns = self._columns(source, name)
        self.staging.open([_staged(place) for place in range(len(source.header))])
        for number, block in enumerate(source.blocks, start=1):
            self.staging.take_block(block, source.delimiter)
            if number % _BLOCKS_AT_ONCE == 0:
                self._type(columns, name)
        self._type(columns, name)
        self.staging.close()

    def _opened(self, path: Path) -> _Source:
        config = self.config
        names = list(config.columns)
        if config.format == "fixed":
            widths = [column.width or 0 for column in config.columns.values()]
            encoding = config.encoding or detect_format(path, delimiter=",").encoding
            rows = read_fixed_width(
                path, encoding, widths, header=config.has_header, skip=config.skip
            )
            return _Source(names, rows, "")
        dialect = Dialect(
            header=config.has_header,
            width=len(names),
            skip=config.skip,
            quote=sign_of(config.quote),
            multiline=config.multiline,
        )
        found = read_delimited(path, self._format(path), dialect)
        header = found.header if config.has_header else names
        return _Source(header, found.blocks, found.delimiter)

    def _format(self, path: Path) -> FileFormat:
        encoding, separator = self.config.encoding, self.config.separator
        if encoding and separator:
            return FileFormat(encoding, sign_of(separator), "given")
        given = sign_of(separator) if separator else None
        return detect_format(path, encoding=encoding, delimiter=given)

    def _columns(self, source: _Source, name: str) -> list[TypedColumn]:
        """Which place of a row holds which column; raises DataError for one the file has not."""
        told_by_header = self.config.has_header and self.config.format == "delimited"
        headers = [header.lower() for header in source.header]
        columns = []
        for number, (column, options) in enumerate(self.config.columns.items()):
            wanted = options.header or column
            if told_by_header and headers.count(wanted.lower()) != 1:
                times = "no" if wanted.lower() not in headers else "more than one"
                raise DataError(
                    f"{name}: it has {times} column '{wanted}'.",
                    remedy=f"Its header has: {', '.join(source.header)}.",
                )
            place = headers.index(wanted.lower()) if told_by_header else number
            columns.append(TypedColumn(column, options, _staged(place), self.zone))
        return columns

    def _type(self, columns: Sequence[TypedColumn], name: str) -> None:
        """Move what is staged to the two tables."""
        listed = ", ".join
        wrong = listed(
            f"CASE WHEN ({column.fault}) IS NOT NULL THEN {literal(column.name)} END"
            for column in columns
        )
        self.staging.run(
            f"CREATE OR REPLACE TEMP TABLE typed AS WITH cleaned AS "  # noqa: S608
            f"(SELECT {LINE}, {TEXT}, {listed(c.cleaned for c in columns)} FROM staged), "
            f"read AS (SELECT *, {listed(c.typed for c in columns)} FROM cleaned) "
            f"SELECT {LINE}, {TEXT}, {listed(c.result for c in columns)}, "
            f"nullif(concat_ws('; ', {listed(c.fault for c in columns)}), '') AS __reason, "
            f"nullif(concat_ws(', ', {wrong}), '') AS __column FROM read"
        )
        self._move(columns, name)
        self.staging.clear()

    def _move(self, columns: Sequence[TypedColumn], name: str) -> None:
        row, file = f"CAST({self.files * _FILE_STEP} AS BIGINT)", literal(name)
        line = f", {LINE}" if self.config.line_number else ""
        values = ", ".join(quoted(column.name) for column in columns)
        self.staging.run(
            f"INSERT INTO {ROWS} SELECT {row} + {LINE}{line}, {values} FROM typed "  # noqa: S608
            "WHERE __reason IS NULL"
        )
        self.staging.run(
            f"INSERT INTO {REFUSED} SELECT {row} + {LINE}, {file}, {LINE}, __column, "  # noqa: S608
            f"__reason, left({TEXT}, {_LONGEST_TEXT}) FROM typed WHERE __reason IS NOT NULL"
        )
        self.staging.run(
            f"INSERT INTO {REFUSED} SELECT {row} + line, {file}, line, NULL, reason, "  # noqa: S608
            f"left(text, {_LONGEST_TEXT}) FROM rejected"
        )


def _staged(place: int) -> str:
    """The staging column of a place in the row: headers may be equal but for their case."""
    return f"field {place}"
