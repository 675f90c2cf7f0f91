"""Targeting: a campaign of twelve activities against hand-written SQL, and against whole tables.

All sides compute the same people from the same files, each in fresh processes that take turns, and
leave a Parquet table for each transition; that the tables agree is looked at before anything is
reported.
"""

import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

from benchmarks.targeting import on_engines
from benchmarks.targeting.comparing import differing
from benchmarks.yardstick import Goal, M, Metric
from benchmarks.yardstick_cpu import Measured, alternate, measured, median_cpu, spread

GIB = 2**30
GOALS = (
    Goal("cpu_against_sql", "ratio", at_most=1.2, scales=(M, 10 * M, 30 * M)),
    Goal("peak_memory", "value", at_most=1.2, scales=(10 * M,)),
    Goal("peak_memory", "value", at_most=2.0, scales=(30 * M,)),  # the limit and the interpreter
    Goal("cpu_against_whole_tables", "ratio", at_most=0.2, scales=(M,)),
    *on_engines.GOALS,
)
# What the product sets, with its defaults for memory and threads.
SETTINGS: Mapping[str, object] = {
    "memory_limit": "2GB",
    "threads": 2,
    "preserve_insertion_order": False,
}
_ROUNDS = {10 * M: 1, 30 * M: 1}
_HERE = "benchmarks.targeting"


def measure(scale: int) -> Iterator[Metric]:
    """Run the campaign over `scale` customers with three orders each."""
    with tempfile.TemporaryDirectory(prefix="campanile-targeting-") as text:
        bench = _Sides(Path(text), scale)
        measured(f"{_HERE}.data:make_given", {"folder": str(bench.data), "customers": scale})
        rivals = [bench.product, bench.sql, *([bench.pandas, bench.frames] if scale <= M else [])]
        ours, *others = alternate(rivals, _ROUNDS.get(scale, 3))
        for theirs in others:
            if faults := differing(ours[-1].result, theirs[-1].result):
                raise ValueError(f"the tables do not agree: {', '.join(faults)}")
        yield from _against_sql(ours, others[0], scale)
        yield from _against_whole_tables(ours, others[1:])
        yield from on_engines.measure(bench.data, scale)


def _against_sql(
    ours: Sequence[Measured], theirs: Sequence[Measured], scale: int
) -> Iterator[Metric]:
    baseline = "hand-written DuckDB SQL"
    yield Metric(
        "cpu_against_sql", median_cpu(ours), "cpu-s", baseline, median_cpu(theirs),
        note=f"12 activities, 17 tables; ours {spread(ours)}; theirs {spread(theirs)}",
    )  # fmt: skip
    peaks = [max(run.peak for run in runs) / GIB for runs in (ours, theirs)]
    yield Metric("peak_memory", peaks[0], "GiB", baseline, peaks[1], note="whole process")
    yield Metric(
        "cpu_per_million", median_cpu(ours) * M / scale, "cpu-s", baseline,
        median_cpu(theirs) * M / scale, note="of customers: the same at every scale is linear",
    )  # fmt: skip
    starts = [statistics.median(run.start for run in runs) for runs in (ours, theirs)]
    yield Metric(
        "start", starts[0], "cpu-s", baseline, starts[1],
        note="interpreter, imports, and opening the project; not in the others",
    )  # fmt: skip


def _against_whole_tables(
    ours: Sequence[Measured], others: Sequence[Sequence[Measured]]
) -> Iterator[Metric]:
    names = {
        "cpu_against_whole_tables": "pandas, whole tables through an I/O manager (DuckDB)",
        "cpu_against_frames_in_files": "pandas, whole tables in Parquet files",
    }
    if not others:
        for name, baseline in names.items():
            yield Metric.skipped(name, "compared at up to 1M customers", baseline)
    for (name, baseline), theirs in zip(names.items(), others, strict=False):
        peak = max(run.peak for run in theirs) / GIB
        yield Metric(
            name, median_cpu(ours), "cpu-s", baseline, median_cpu(theirs),
            note=f"theirs {spread(theirs)}, peak {peak:.2f} GiB",
        )  # fmt: skip


class _Sides:
    """The rivals, each run in a folder of its own that the next run replaces."""

    def __init__(self, folder: Path, customers: int) -> None:
        self._folder = folder
        self.data = folder / "data"
        self.customers = customers

    def product(self) -> Measured:
        """The product's segment."""
        folder = self._empty("product")
        given = {"folder": str(folder), "data": str(self.data), "campaign": "season"}
        measured(f"{_HERE}.product:prepare", given)
        return measured(f"{_HERE}.product:work", given)

    def sql(self) -> Measured:
        """The script by hand."""
        settings = {**SETTINGS, "temp_directory": str(self._folder / "spill")}
        return self._run("hand_sql", settings=settings)

    def pandas(self) -> Measured:
        """Frames that are read and written whole, as tables of a DuckDB file."""
        done = self._run("whole_tables", storage="duckdb")
        given = {"folder": str(self._folder / "whole_tables"), "tables": list(done.result)}
        return replace(done, result=measured(f"{_HERE}.whole_tables:export", given).result)

    def frames(self) -> Measured:
        """Frames that are read and written whole, as Parquet files."""
        return self._run("whole_tables", storage="files", place="frames")

    def _run(self, name: str, place: str | None = None, **further: Any) -> Measured:
        folder = self._empty(place or name)
        return measured(
            f"{_HERE}.{name}:work", {"folder": str(folder), "data": str(self.data), **further}
        )

    def _empty(self, name: str) -> Path:
        folder = self._folder / name
        rmtree(folder, ignore_errors=True)
        return folder
