"""CPU seconds and peak memory of a function, taken in a fresh process; runs of rivals alternate.

A function to be measured is named by `module:function`, takes one JSON-able mapping and returns a
JSON-able value; it runs in `python -m benchmarks.yardstick_cpu module:function <mapping>`, which
imports the module first: start and imports are reported apart from the work. A function that has
to prepare something returns its work as a callable; what came before counts as start, too.
"""

import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What one run cost, children included; seconds of CPU unless said, peak in bytes.

    `start` is what the process cost before the work began: interpreter and imports.
    """

    cpu: float
    wall: float
    start: float
    peak: int
    result: Any


Run = Callable[[], Measured]


def measured(
    function: str, given: Mapping[str, Any], *, environment: Mapping[str, str] | None = None
) -> Measured:
    """Run `module:function` in a fresh process; raises RuntimeError when it fails."""
    command = [sys.executable, "-m", "benchmarks.yardstick_cpu", function, json.dumps(given)]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**_environment(), **(environment or {})},
    )
    if done.returncode:
        raise RuntimeError(f"{function} ended with status {done.returncode}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _environment() -> dict[str, str]:
    """This process's, with bytecode kept as where the product is installed."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def alternate(runs: Sequence[Run], rounds: int = 3) -> list[list[Measured]]:
    """Run A B A B …, so that a busy moment of the machine falls on all; the runs of each."""
    taken: list[list[Measured]] = [[] for _ in runs]
    for _ in range(rounds):
        for place, run in zip(taken, runs, strict=True):
            place.append(run())
    return taken


def median_cpu(runs: Sequence[Measured]) -> float:
    """The median of the CPU seconds."""
    return statistics.median(run.cpu for run in runs)


def spread(runs: Sequence[Measured]) -> str:
    """All CPU seconds, for a note."""
    return " ".join(f"{run.cpu:.2f}" for run in runs)


def cpu_seconds() -> float:
    """User and system CPU of this process and of its children that have ended."""
    return sum(os.times()[:4])


def peak_memory() -> int:
    """The largest resident memory of this process, or of one of its ended children, in bytes."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return 1024 * max(_own_peak(), children)


def _own_peak() -> int:
    """In KiB. Where ru_maxrss may carry over the parent's from before exec, the kernel's own."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    module, _, name = sys.argv[1].partition(":")
    with redirect_stdout(sys.stderr):
        function = getattr(importlib.import_module(module), name)
        given = json.loads(sys.argv[2])
        start, began = cpu_seconds(), time.perf_counter()
        result = function(given)
        if callable(result):
            start, began = cpu_seconds(), time.perf_counter()
            result = result()
        wall = time.perf_counter() - began
    found = Measured(cpu_seconds() - start, wall, start, peak_memory(), result)
    print(json.dumps(asdict(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
