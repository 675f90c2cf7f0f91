"""The lake: Parquet files under one folder, read and written by an in-memory DuckDB per process."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import duckdb

from campanile.warehouse.failures import engine_errors
from campanile.warehouse.session import DuckDBSession


class Warehouse(Protocol):
    """Where customer data and working tables live, one class for each engine."""

    @contextmanager
    def session(self) -> Iterator[DuckDBSession]:
        """A session, closed at the end."""


@dataclass(frozen=True)
class DuckDBLake:
    """The default warehouse. `memory_limit` is DuckDB's notation, such as "2GB"."""

    root: Path
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

    # ── layout ──────────────────────────────────────────────────────────────────────────────────

    def work_directory(self, campaign: str, execution: str, transition: str) -> Path:
        """Where the files of a working table lie."""
        return self.root / "work" / campaign / execution / transition

    def data_directory(self, entity: str, version: int) -> Path:
        """Where one version of an entity lies."""
        return self.root / "data" / entity / f"version={version}"

    def audience_directory(self, name: str, version: int) -> Path:
        """Where one version of a saved audience lies."""
        return self.root / "audience" / name / f"version={version}"

    def feedback_directory(self, table: str, watermark: str) -> Path:
        """Where the feedback copied up to a watermark lies."""
        return self.root / "feedback" / table / watermark

    def collect_garbage(
        self, keep: Collection[Path], now: datetime, age: timedelta = timedelta(days=1)
    ) -> list[Path]:
        """Delete files that no manifest row names and that are older than `age`; returns them.

        `keep` are all paths the store knows; younger files may be about to be committed.
        """
        kept = {path.resolve() for path in keep}
        removed = []
        for folder in ("work", "data", "audience", "feedback"):
            for path in sorted((self.root / folder).rglob("*")):
                if path.is_file() and path.resolve() not in kept and _older(path, now - age):
                    path.unlink()
                    removed.append(path)
        return removed


def _older(path: Path, limit: datetime) -> bool:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) < limit
