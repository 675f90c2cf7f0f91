"""The lake: Parquet files under one folder, read and written by an in-memory DuckDB per process."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import duckdb

from campanile.warehouse.failures import engine_errors
from campanile.warehouse.layout import Layout
from campanile.warehouse.session import DuckDBSession


@dataclass(frozen=True)
class DuckDBLake(Layout):
    """The default warehouse. `memory_limit` is DuckDB's notation, such as "2GB"."""

    engine: ClassVar[str] = "duckdb"
    reads_tables: ClassVar[bool] = False
    memory_limit: str = "2GB"
    threads: int = 2
    temp_directory: Path | None = None

    @contextmanager
    def session(
        self, connection: duckdb.DuckDBPyConnection | None = None
    ) -> Iterator[DuckDBSession]:
        """A session on a fresh in-memory database, or on an open connection that stays open."""
        own = connection is None
        with engine_errors("opening the engine"):
            opened = duckdb.connect(":memory:") if connection is None else connection
        try:
            with engine_errors("setting up the engine"):
                self._configure(opened)
            yield DuckDBSession(opened)
        finally:
            if own:
                opened.close()

    def _configure(self, connection: duckdb.DuckDBPyConnection) -> None:
        temporary = self.temp_directory or self.root / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        settings: dict[str, object] = {
            "memory_limit": self.memory_limit,
            "threads": self.threads,
            "temp_directory": str(temporary),
            "preserve_insertion_order": False,
            "TimeZone": "UTC",
            "default_null_order": "nulls_last",
            "autoinstall_known_extensions": False,
            "enable_progress_bar": False,
            "python_enable_replacements": False,  # names mean bound tables, never Python variables
        }
        for name, value in settings.items():
            connection.execute(f"SET {name} = ?", [value])

    @property
    def lake(self) -> "DuckDBLake":
        """Itself."""
        return self

    def rehearsing(self, folder: Path) -> "DuckDBLake":
        """The same files to read, and a folder that is thrown away to write."""
        return replace(self, scratch=folder / "work", temp_directory=folder / "tmp")

    def drop_tables(self, paths: Iterable[str]) -> None:
        """Delete files; those that are gone are no fault."""
        for path in paths:
            Path(path).unlink(missing_ok=True)

    def drop_below(self, directory: Path) -> None:
        """Delete a directory."""
        shutil.rmtree(directory, ignore_errors=True)

    def files_older_than(self, before: datetime) -> list[Path]:
        """All files that were written last before an instant, feedback's apart, with full paths."""
        return [
            path.resolve()
            for folder in ("work", "data", "audience")
            for place, _, names in os.walk(self.root / folder)
            for name in sorted(names)
            if _older(path := Path(place) / name, before)
        ]


def _older(path: Path, limit: datetime) -> bool:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) < limit
    except FileNotFoundError:  # somebody dropped it meanwhile
        return False
