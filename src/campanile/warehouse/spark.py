"""Spark as the warehouse: its tables in place, ours as Parquet below one place that both reach."""

import logging
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from pyspark.sql import SparkSession

from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.layout import Layout
from campanile.warehouse.spark_failures import spark_errors
from campanile.warehouse.spark_session import SparkEngineSession
from campanile.warehouse.spark_tables import SparkTables

_QUOTES_QUERIES = "SQLQueryContextLogger"  # PySpark's: queries, and with them what rules say

_EXCLUDED = "spark.sql.optimizer.excludedRules"
# It loses a column that an `exists` in a projection asks for, over rows of several tables:
# "key not found" while planning (Spark 4.0).
_FAULTY_RULE = "org.apache.spark.sql.catalyst.optimizer.PushProjectionThroughUnion"


@dataclass(frozen=True)
class SparkWarehouse(Layout):
    """Speaks Spark Connect; `url` is sc://host:port, `tables` a folder or s3://bucket/folder."""

    lake: DuckDBLake
    url: str = field(repr=False)
    tables: str

    engine: ClassVar[str] = "spark"
    reads_tables: ClassVar[bool] = True

    @contextmanager
    def session(self) -> Iterator[SparkEngineSession]:
        """A session of its own on the server: its views are nobody else's, its clock is UTC."""
        logging.getLogger(_QUOTES_QUERIES).disabled = True
        with spark_errors("connecting to Spark"):
            opened = SparkSession.builder.remote(self.url).create()
            # Its threads are shared by all sessions, and the end of one session ends them.
            opened.client.disable_reattachable_execute()
            opened.conf.set("spark.sql.session.timeZone", "UTC")
            opened.conf.set(_EXCLUDED, _without(_FAULTY_RULE, opened.conf.get(_EXCLUDED, "")))
        stage = f"stage/{uuid.uuid4().hex}"
        try:
            yield SparkEngineSession(opened, self._tables, self.lake, stage)
        finally:
            self._tables.drop(stage)
            with spark_errors("leaving Spark"):
                opened.stop()

    def rehearsing(self, folder: Path) -> "SparkWarehouse":
        """The same data, with working tables that `drop_below(folder)` deletes."""
        return replace(self, scratch=folder / "work", lake=self.lake.rehearsing(folder))

    def drop_tables(self, paths: Iterable[str]) -> None:
        """Delete our tables, files of the lake, and the copies that were made of these."""
        paths = list(paths)
        self.lake.drop_tables(path for path in paths if Path(path).is_absolute())
        for path in paths:
            self._tables.drop(self._tables.named(path))

    def drop_below(self, directory: Path) -> None:
        """Delete what was written to a directory or below it, files and tables."""
        self.lake.drop_below(directory)
        self._tables.drop(self._tables.place(directory))

    @property
    def _tables(self) -> SparkTables:
        return SparkTables(self.tables, self.root)


def _without(rule: str, excluded: str | None) -> str:
    """The rules that Spark's optimizer leaves out, the server's own and one more."""
    return ",".join([*filter(None, (excluded or "").split(",")), rule])
