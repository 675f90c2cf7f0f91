"""Orchestration: what an activity costs over a bare Dagster asset, and what the clock costs."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.definitions.many import many_campaigns
from benchmarks.yardstick import Goal, Metric
from benchmarks.yardstick_cpu import Measured, alternate, measured

GOALS = (
    Goal("activity_against_bare_job", "ratio", at_most=1.3),
    Goal("clock_tick", "value", at_most=0.3),
)
_MODULE = "benchmarks.orchestration.work"
_ASSETS = 12
_PEOPLE = 1_000
_DUE_SHARE = 5


def measure(scale: int) -> Iterator[Metric]:
    """A segment of twelve activities against twelve bare assets; a tick with `scale` campaigns."""
    yield from _activities()
    due = scale // _DUE_SHARE
    with tempfile.TemporaryDirectory(prefix="campanile-ticks-") as place:
        folder = Path(place) / "many"
        many_campaigns(folder, scale)
        found = measured(f"{_MODULE}:tick", {"folder": str(folder), "due": due}).result
    note = (
        f"{found['asked']} runs of {due} due asked in {found['ticks']} tick(s), the dearest; "
        "the graph is loaded before, Dagster makes the runs after"
    )
    yield Metric("clock_tick", found["busy"], "cpu-s", note=note)
    yield Metric("clock_tick_first", found["first"], "cpu-s", note="after a reload, nothing is due")
    yield Metric("clock_tick_idle", found["idle"], "cpu-s", note="nothing is due")


def _activities() -> Iterator[Metric]:
    given = {"assets": _ASSETS, "people": _PEOPLE}
    ours, works, empty = alternate(
        [
            lambda: measured(f"{_MODULE}:run_segment", given),
            lambda: measured(f"{_MODULE}:run_bare", {**given, "works": True}),
            lambda: measured(f"{_MODULE}:run_bare", {**given, "works": False}),
        ],
        rounds=5,
    )
    note = f"{_ASSETS} assets, {_PEOPLE:,} rows, one run"
    mine = _each(ours)
    same = "bare job that writes the same tables"
    yield Metric("activity_against_bare_job", mine, "cpu-s/activity", same, _each(works), note)
    nothing = "bare job whose assets do nothing"
    yield Metric("activity_against_nothing", mine, "cpu-s/activity", nothing, _each(empty), note)


def _each(runs: list[Measured]) -> float:
    return median(run.result["cpu"] / run.result["done"] for run in runs)
