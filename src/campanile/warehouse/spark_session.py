"""A session on Spark Connect: views are the session's, written tables are folders of their own."""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.lib as pa
from pyspark.sql import DataFrame, SparkSession

from campanile.relations.relation import Relation
from campanile.relations.types import Schema, Type
from campanile.warehouse.arrow_types import ARROW, arrow_schema
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.served import FoundColumn, ServedSession
from campanile.warehouse.sources import ParquetFiles
from campanile.warehouse.spark_failures import spark_errors
from campanile.warehouse.spark_tables import PREFIX, SparkTables
from campanile.warehouse.warehouse import WrittenTable

_EXACT = {
    "string": Type.TEXT,
    "bigint": Type.INTEGER,
    "double": Type.NUMBER,
    "boolean": Type.BOOLEAN,
    "date": Type.DATE,
    "timestamp": Type.TIMESTAMP,  # an instant; the session's zone is UTC
}
_WORDS = {type_: word for word, type_ in _EXACT.items()} | {Type.LINES: "string"}
_FITTING = {
    **dict.fromkeys(("tinyint", "smallint", "int"), Type.INTEGER),
    **dict.fromkeys(("float", "decimal"), Type.NUMBER),
    "timestamp_ntz": Type.TIMESTAMP,
}


class SparkEngineSession(ServedSession):
    """`stage` is the folder of what lasts no longer than the session."""

    dialect: ClassVar[str] = "spark"

    def __init__(
        self, spark: SparkSession, tables: SparkTables, lake: DuckDBLake, stage: str
    ) -> None:
        super().__init__(lake)
        self._spark = spark
        self._tables = tables
        self._stage = stage

    def write(self, relation: Relation, directory: Path) -> WrittenTable:
        """Write a relation as a new folder of Parquet files; whole when Spark says so."""
        started = time.perf_counter()
        name = self._tables.new_name(directory)
        with spark_errors("writing a table"):
            self._save(self._spark.sql(self._typed(relation)), name)
            rows = self._read(name).count()
        size, seconds = self._tables.size(name), time.perf_counter() - started
        return WrittenTable(Path(f"{PREFIX}{name}"), rows, dict(relation.schema), size, seconds)

    @contextmanager
    def stage(self, relation: Relation, name: str | None = None) -> Iterator[Relation]:
        """The relation materialised once, for outputs that must agree; dropped at the end."""
        view = name or f"__stage_{uuid.uuid4().hex[:12]}"
        folder = f"{self._stage}/{uuid.uuid4().hex}"
        with spark_errors("preparing a table"):
            self._save(self._spark.sql(self._typed(relation)), folder)
            self._read(folder).createOrReplaceTempView(view)
        try:
            yield Relation.table(view, relation.schema, relation.key)
        finally:
            with spark_errors("dropping a table"):
                self._spark.catalog.dropTempView(view)
            self._tables.drop(folder)

    def batches(self, relation: Relation, size: int = 20_000) -> Iterator[pa.RecordBatch]:
        """Arrow batches in the relation's order, of at most `size` rows, in bounded memory."""
        wanted = arrow_schema(relation.schema)
        with spark_errors("reading rows"):
            for table in _arriving(self._spark.sql(self._sql(relation))):
                yield from table.cast(wanted).to_batches(size)

    # ── Spark's own ways ────────────────────────────────────────────────────────────────────────

    def _fetch(self, query: str) -> list[tuple[object, ...]]:
        with spark_errors("reading rows"):
            found = self._spark.sql(query).toArrow()
        columns = [[_naive(value) for value in column.to_pylist()] for column in found.columns]
        return list(zip(*columns, strict=True))

    def _view(self, name: str, query: str) -> None:
        with spark_errors(f"reading the source of '{name}'"):
            self._spark.sql(query).createOrReplaceTempView(name)

    def _found(self, item: str) -> Mapping[str, FoundColumn]:
        with spark_errors("reading columns"):
            fields = self._spark.sql(f"SELECT * FROM {item}").schema.fields
        return {field.name: _column(field.dataType.simpleString()) for field in fields}

    def _in_place(self, table: str) -> str:
        return ".".join(_quoted(part) for part in table.split("."))

    def _written(self, path: str) -> str | None:
        return self._item(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None

    def _copied(self, path: str) -> str:
        copy = self._tables.copy_name(path)
        part = self._tables.whole_copy(copy)
        if part is None:
            part = f"{copy}/{uuid.uuid4().hex}"
            with (
                spark_errors("copying a file to Spark"),
                self._read_by_lake(ParquetFiles((path,))) as (schema, batches),
            ):
                for number, table in enumerate(_tables_of(schema, batches)):
                    frame = self._frame(table, schema)
                    self._save(frame, part, "append" if number else "error")
            self._tables.declare_whole(copy, part)
        return self._item(part)

    def _brought(self, name: str, schema: Schema, batches: Iterator[pa.RecordBatch]) -> str:
        view = f"brought_{uuid.uuid4().hex}"
        with spark_errors(f"reading the source of '{name}'"):
            frame: Any = None
            for table in _tables_of(schema, batches):
                more = self._frame(table, schema)
                frame = more if frame is None else frame.unionAll(more)
            frame.createOrReplaceTempView(view)
        return _quoted(view)

    def _frame(self, table: pa.Table, schema: Schema) -> DataFrame:
        """A table as Spark takes it; of one without rows it wants to be told the columns."""
        if table.num_rows:
            return self._spark.createDataFrame(table)
        told = [f"{_quoted(name)} {_WORDS[type_]}" for name, type_ in schema.items()]
        return self._spark.createDataFrame([], ", ".join(told))

    def _save(self, frame: DataFrame, name: str, mode: str = "error") -> None:
        frame.write.parquet(self._tables.address(name), mode=mode, compression="zstd")

    def _read(self, name: str) -> DataFrame:
        return self._spark.read.parquet(self._tables.address(name))

    def _item(self, name: str) -> str:
        return f"parquet.{_quoted(self._tables.address(name))}"


def _column(kind: str) -> FoundColumn:
    if kind in _EXACT:
        return FoundColumn(_EXACT[kind])
    return FoundColumn(_FITTING.get(kind.partition("(")[0], Type.TEXT), exact=False)


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _arriving(frame: DataFrame) -> Iterator[pa.Table]:
    """The result piece by piece: the public `toArrow` would hold all of it."""
    client: Any = frame.sparkSession.client
    plan = frame._plan.to_proto(client)
    for found in client.to_table_as_iterator(plan, {}):
        if isinstance(found, pa.Table):
            yield found


def _tables_of(schema: Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches as tables for Spark, at least one: instants with their zone."""
    wanted = pa.schema(
        [
            (name, pa.timestamp("us", "UTC") if type_ is Type.TIMESTAMP else ARROW[type_])
            for name, type_ in schema.items()
        ]
    )
    came = False
    for batch in batches:
        came = True
        yield pa.Table.from_batches([batch]).cast(wanted)
    if not came:
        yield wanted.empty_table()


def _naive(value: object) -> object:
    """An instant as we keep it."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
