"""Rows written as a file: CSV or Parquet, packed or not, batch by batch."""

import codecs
import gzip
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Final

from campanile.activities.effects import FileLayout
from campanile.errors import DataError
from campanile.relations.types import Type

_RISKY: Final = r"^[=@\t\r]|^[+-].*[^0-9 ().-]"  # what a spreadsheet runs; +33 1 23 and -5 are none


def _arrow(part: str) -> Any:
    """A part of Arrow, imported where it works; its modules name nothing that mypy would see."""
    return import_module(f"pyarrow{part}")


def write_file(
    batches: Iterable[Any], types: Sequence[Type], path: Path, layout: FileLayout, name: str
) -> int:
    """Write the first columns of Arrow `batches` to a new file; returns the number of rows.

    `types` are those of the file's columns, `name` is what the file will be called. Raises
    DataError for a character that the encoding has not. Times are UTC: 2026-12-24T08:00:00Z.
    """
    pa = _arrow("")
    arrow = _arrow_types()
    fields = [
        pa.field(header, arrow[kind]) for header, kind in zip(layout.headers, types, strict=True)
    ]
    wanted = pa.schema(fields)
    chosen = (_cast(batch, wanted) for batch in batches)
    write = _write_parquet if layout.format == "parquet" else _write_csv
    return write(chosen, wanted, path, layout, name)


def _cast(batch: Any, wanted: Any) -> Any:
    """The first columns of a batch, under the headers and in the types of the file."""
    pa = _arrow("")
    columns = batch.columns[: len(wanted)]
    typed = [column.cast(field.type) for column, field in zip(columns, wanted, strict=True)]
    return pa.RecordBatch.from_arrays(typed, schema=wanted)


def _arrow_types() -> dict[Type, Any]:
    pa = _arrow("")
    return {
        Type.TEXT: pa.string(),
        Type.LINES: pa.string(),
        Type.INTEGER: pa.int64(),
        Type.NUMBER: pa.float64(),
        Type.BOOLEAN: pa.bool_(),
        Type.DATE: pa.date32(),
        Type.TIMESTAMP: pa.timestamp("us"),
    }


def _write_parquet(
    batches: Iterable[Any],
    schema: Any,
    path: Path,
    _: FileLayout,
    name: str,  # noqa: ARG001
) -> int:
    rows = 0
    with _arrow(".parquet").ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _write_csv(
    batches: Iterable[Any], schema: Any, path: Path, layout: FileLayout, name: str
) -> int:
    pa, csv = _arrow(""), _arrow(".csv")
    times = [pa.types.is_timestamp(field.type) for field in schema]
    texts = pa.schema(
        [
            field.with_type(pa.string()) if time else field
            for field, time in zip(schema, times, strict=True)
        ]
    )
    options = csv.WriteOptions(
        include_header=layout.header, delimiter=layout.separator, quoting_style="needed"
    )
    rows = 0
    with _packed(path, layout, name) as packed, _encoded(packed, layout.encoding) as file:
        try:
            with csv.CSVWriter(file, texts, write_options=options) as writer:
                for batch in batches:
                    columns = [_as_text(column, layout) for column in batch.columns]
                    writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=texts))
                    rows += batch.num_rows
        except UnicodeEncodeError as error:
            raise DataError(
                f"`{name}`: the encoding {layout.encoding} has no sign for a character that the"
                " rows hold.",
                remedy="Write `encoding: utf-8`, or replace such characters in `columns`.",
            ) from error
    return rows


def _as_text(column: Any, layout: FileLayout) -> Any:
    """A column as it is written: times as text, texts that a spreadsheet would run guarded."""
    pa, pc = _arrow(""), _arrow(".compute")
    if pa.types.is_timestamp(column.type):
        whole = pc.cast(column, pa.timestamp("s"), safe=False)
        exact = pc.equal(pc.cast(whole, column.type), column)
        short = pc.strftime(whole, "%Y-%m-%dT%H:%M:%SZ")
        return pc.if_else(exact, short, pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ"))
    if not (pa.types.is_string(column.type) and layout.guards):
        return column
    risky = pc.match_substring_regex(column, _RISKY)
    return pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column)


@contextmanager
def _packed(path: Path, layout: FileLayout, name: str) -> Iterator[IO[bytes]]:
    """The file to write to, packed on the way; equal rows give equal bytes."""
    with path.open("xb") as file:
        if layout.compress == "gzip":
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
                yield packed  # type: ignore[misc]
        elif layout.compress == "zip":
            inner = zipfile.ZipInfo(name.rpartition("/")[2].removesuffix(".zip"))
            inner.compress_type = zipfile.ZIP_DEFLATED
            with zipfile.ZipFile(file, "w") as archive, archive.open(inner, "w") as packed:
                yield packed
        else:
            yield file


@contextmanager
def _encoded(file: IO[bytes], encoding: str) -> Iterator[Any]:
    """The file as Arrow writes to it, which knows nothing but UTF-8."""
    if codecs.lookup(encoding).name == "utf-8":
        yield file
    else:
        yield _Recoder(file, encoding)


class _Recoder:
    """Takes UTF-8 and passes another encoding on."""

    closed = False

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._encoder = codecs.getincrementalencoder(encoding)()

    def write(self, written: bytes) -> int:
        """Pass on what is whole characters by now."""
        data = bytes(written)
        self._file.write(self._encoder.encode(self._decoder.decode(data)))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back but the beginning of a character."""

    def close(self) -> None:
        """The file is closed by who opened it."""
