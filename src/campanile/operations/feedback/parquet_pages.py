"""Rows of the store as Parquet files of the lake: in pages, forced to disk, then renamed."""

import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.lib as pa
import pyarrow.parquet as pq

from campanile.relations.types import Schema, Type
from campanile.warehouse.arrow_types import ARROW, arrow_schema
from campanile.warehouse.durable import publish_file
from campanile.warehouse.failures import engine_errors


def write_pages(
    pages: Iterable[Sequence[Sequence[Any]]], schema: Schema, directory: Path, name: str
) -> Path:
    """Write rows, page by page, as the file `<name>.parquet`; rows are in the order of `schema`.

    A file that is there already stays: names are given so that equal names mean equal rows.
    """
    final = directory / f"{name}.parquet"
    temporary = directory / f".{name}-{uuid.uuid4().hex}.tmp"
    directory.mkdir(parents=True, exist_ok=True)
    with engine_errors("copying feedback"):
        try:
            writer: Any = _open(temporary, schema)
            with writer:
                for page in pages:
                    writer.write_table(_arrow(page, schema))
            publish_file(temporary, final)
        except FileExistsError:
            pass  # another segment has just copied the same
        finally:
            temporary.unlink(missing_ok=True)
    return final


def _open(path: Path, schema: Schema) -> Any:
    return pq.ParquetWriter(path, arrow_schema(schema), compression="zstd")  # type: ignore[no-untyped-call]


def _arrow(rows: Sequence[Sequence[Any]], schema: Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [() for _ in schema]
    arrays = [
        pa.array(_naive(values) if type_ is Type.TIMESTAMP else values, ARROW[type_])
        for values, type_ in zip(columns, schema.values(), strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=arrow_schema(schema))


def _naive(values: Sequence[Any]) -> list[Any]:
    """UTC without a zone, as tables of the lake keep instants."""
    return [None if value is None else value.replace(tzinfo=None) for value in values]
