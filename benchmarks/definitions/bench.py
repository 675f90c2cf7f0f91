"""Definitions: what campaigns cost where they are loaded: in run workers and the code server."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.definitions.many import many_campaigns
from benchmarks.yardstick import Goal, Metric
from benchmarks.yardstick_cpu import Measured, alternate, measured

_GIB = 1024**3
_FEW = 10
GOALS = (
    Goal("worker_build", "value", at_most=0.1),
    Goal("worker_build_flat", "ratio", at_most=1.3),
    Goal("location_load", "value", at_most=45),
    Goal("location_memory", "value", at_most=1),
    Goal("large_campaign", "value", at_most=1),
)
_MODULE = "benchmarks.definitions.loading"
_LARGE = "benchmarks.definitions.large"


def measure(scale: int) -> Iterator[Metric]:
    """A large campaign; a worker's build with `scale` campaigns and with ten; the load of all."""
    yield _large_campaign()
    with tempfile.TemporaryDirectory(prefix="campanile-definitions-") as place:
        folders = [Path(place) / "many", Path(place) / "few"]
        for folder, number in zip(folders, (scale, _FEW), strict=True):
            many_campaigns(folder, number)
        many, few = alternate([lambda f=f: _build(f) for f in folders], rounds=5)
        build = [median(run.result["build"] for run in runs) for runs in (many, few)]
        opened = [median(run.result["open"] for run in runs) for runs in (many, few)]
        ten = f"with {_FEW} campaigns"
        note = f"{many[0].result['assets']} assets; imports {many[0].start:.1f} cpu-s apart"
        yield Metric("worker_build", build[0], "cpu-s", note=note)
        yield Metric("worker_build_flat", build[0], "cpu-s", ten, build[1])
        yield Metric("worker_open", opened[0], "cpu-s", ten, opened[1], "settings, catalog, store")
        load = measured(f"{_MODULE}:load_all", {"folder": str(folders[0])})
        found = load.result
        megabytes = found["bytes"] / 1e6
        note = f"{found['jobs']} jobs, snapshot {megabytes:.1f} MB, wall {found['wall']:.0f} s"
        yield Metric("location_load", load.cpu, "cpu-s", note=note)
        yield Metric("location_memory", load.peak / _GIB, "GiB")


def _large_campaign() -> Metric:
    """What it costs to check and compile a campaign of a hundred activities."""
    (runs,) = alternate([lambda: measured(f"{_LARGE}:check_and_compile", {})], rounds=3)
    parts = {part: median(run.result[part] for run in runs) for part in ("check", "compile")}
    found = ", ".join(f"{part} {seconds:.2f}" for part, seconds in parts.items())
    note = f"{runs[0].result['activities']} activities; {found}"
    return Metric("large_campaign", sum(parts.values()), "cpu-s", note=note)


def _build(folder: Path) -> Measured:
    return measured(f"{_MODULE}:build_one", {"folder": str(folder), "campaign": "c7"})
