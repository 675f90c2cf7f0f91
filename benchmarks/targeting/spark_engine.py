"""The shop in a Spark of its own, and what a campaign leaves there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import ClassVar

from benchmarks.spark_server import java_server

# As Spark comes, on two cores of one machine.
_SETTINGS: Mapping[str, str] = {
    "spark.driver.memory": "3g",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.session.timeZone": "UTC",
}


@dataclass(frozen=True)
class SparkEngine:
    """A database `shop` with the entities as Parquet tables; `folder` holds what runs leave."""

    url: str
    process: int
    folder: Path

    name: ClassVar[str] = "spark"

    @property
    def hand_place(self) -> str:
        """Where the script by hand writes."""
        return str(self.folder / "hand")

    @property
    def warehouse(self) -> Mapping[str, str]:
        """The settings of a project on it."""
        return {"engine": self.name, "location": self.url, "tables": str(self.folder / "campanile")}

    def clear_hand(self) -> None:
        """Delete what the script left."""
        rmtree(self.hand_place, ignore_errors=True)

    def clear_product(self) -> None:
        """Delete what the product left."""
        rmtree(self.folder / "campanile", ignore_errors=True)

    def exported(self, written: str, _: Path) -> str:
        """A table of a run (the product's by its path) as files that DuckDB reads."""
        place = self.folder / "hand" / written
        if written.startswith("spark:"):
            place = self.folder / "campanile" / written.removeprefix("spark:")
        return f"{place}/*.parquet"

    def load(self, data: Path) -> None:
        """Make a table of each entity, its instants Spark's own."""
        from pyspark.sql import SparkSession

        spark = SparkSession.builder.remote(self.url).create()
        spark.sql("CREATE DATABASE shop")
        for file in sorted(data.glob("*.parquet")):
            found = spark.read.parquet(str(file))
            items = [
                f"CAST({name} AS timestamp) AS {name}" if kind == "timestamp_ntz" else name
                for name, kind in found.dtypes
            ]
            found.selectExpr(*items).write.format("parquet").saveAsTable(f"shop.{file.stem}s")
            spark.sql(f"ANALYZE TABLE shop.{file.stem}s COMPUTE STATISTICS")
        spark.stop()


@contextmanager
def opened_spark(data: Path, scratch: Path) -> Iterator[SparkEngine]:
    """A server with the entities in it, gone at the end."""
    with java_server(scratch, _SETTINGS) as (url, process):
        engine = SparkEngine(url, process, scratch)
        engine.load(data)
        yield engine
