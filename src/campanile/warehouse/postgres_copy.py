"""Rows in and out of PostgreSQL in bulk: COPY on its side, Arrow on ours, in bounded memory."""

import io
import os
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg2
import pyarrow.csv
import pyarrow.lib as pa

from campanile.relations.types import Schema
from campanile.warehouse.arrow_types import ARROW

_CSV: Any = pyarrow.csv
_BLOCK = 4 << 20  # a row that is longer cannot be read


def copy_in(connection: Any, table: str, batches: Iterable[pa.RecordBatch]) -> None:
    """Append batches to a table; NULL is written as nothing, an empty text as two quotes."""
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv)", _Written(batches))


def copy_out(connection: Any, query: str, schema: Schema) -> Iterator[pa.RecordBatch]:
    """The rows of a query in its order, a few megabytes of text at a time.

    The connection is busy until the last batch is taken. Raises psycopg2.Error.
    """
    reading, writing = os.pipe()
    failures: list[psycopg2.Error] = []

    def copy() -> None:
        try:
            with os.fdopen(writing, "wb") as sink, connection.cursor() as cursor:
                cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)", sink)
        except BrokenPipeError:
            pass  # whoever read wants no more
        except psycopg2.Error as error:
            failures.append(error)

    thread = threading.Thread(target=copy, name="copy-out", daemon=True)
    thread.start()
    try:
        with os.fdopen(reading, "rb") as source:
            try:
                yield from _read(source, schema)
            except pa.ArrowInvalid:
                thread.join()  # the text ended early: what ended it is the reason to tell
                if not failures:
                    raise
    finally:
        thread.join()
    if failures:
        raise failures[0]


def _read(source: Any, schema: Schema) -> Iterator[pa.RecordBatch]:
    convert = _CSV.ConvertOptions(
        column_types={name: ARROW[type_] for name, type_ in schema.items()},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["t"],
        false_values=["f"],
    )
    yield from _CSV.open_csv(
        source,
        _CSV.ReadOptions(block_size=_BLOCK),
        _CSV.ParseOptions(newlines_in_values=True),
        convert,
    )


class _Written(io.RawIOBase):
    """Batches as the text of a CSV file that is written while it is read."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = iter(batches)
        self._text = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._text:
            batch = next(self._batches, None)
            if batch is None:
                return 0
            sink = pa.BufferOutputStream()
            _CSV.write_csv(batch, sink, _CSV.WriteOptions(include_header=False))
            self._text = memoryview(sink.getvalue())
        taken = min(len(buffer), len(self._text))
        buffer[:taken] = self._text[:taken]
        self._text = self._text[taken:]
        return taken
