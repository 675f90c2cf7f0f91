"""Arrow batches as one Parquet file of the lake: forced to disk, then renamed."""

import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.lib as pa
import pyarrow.parquet as pq

from campanile.relations.types import Schema
from campanile.warehouse.arrow_types import arrow_schema
from campanile.warehouse.durable import publish_file
from campanile.warehouse.failures import engine_errors
from campanile.warehouse.warehouse import WrittenTable


def write_batches(
    batches: Iterable[pa.RecordBatch], schema: Schema, directory: Path
) -> WrittenTable:
    """Write batches in bounded memory; no batches give a file with the schema."""
    started = time.perf_counter()
    directory.mkdir(parents=True, exist_ok=True)
    name = f"part-{uuid.uuid4().hex}.parquet"
    temporary, final = directory / f".{name}.tmp", directory / name
    rows = 0
    with engine_errors("writing a table"):
        try:
            with _open(temporary, schema) as writer:
                for batch in batches:
                    writer.write_batch(batch)
                    rows += batch.num_rows
            publish_file(temporary, final)
        finally:
            temporary.unlink(missing_ok=True)
    size = final.stat().st_size
    return WrittenTable(final, rows, dict(schema), size, time.perf_counter() - started)


def _open(path: Path, schema: Schema) -> Any:
    return pq.ParquetWriter(path, arrow_schema(schema), compression="zstd")  # type: ignore[no-untyped-call]
