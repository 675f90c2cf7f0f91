"""The yardstick: `make bench NAME=targeting SCALE=1M`; one line of JSON per figure, then a table.

Exits with 1 if a goal is missed. How to register a bench is said in `benchmarks/yardstick.py`.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from rich.console import Console
from rich.table import Table

from benchmarks import kill_send, planning
from benchmarks.definitions import bench as definitions
from benchmarks.email import bench as email
from benchmarks.latency import bench as latency
from benchmarks.orchestration import bench as orchestration
from benchmarks.targeting import bench as targeting
from benchmarks.tracking import bench as tracking
from benchmarks.yardstick import Bench, Line, M, Metric, report

_UNITS: Mapping[str, int] = MappingProxyType({"k": 1_000, "m": 1_000_000})


def measure_send(scale: int) -> Iterator[Metric]:
    """Messages a second to a local sink, ledger included."""
    found = kill_send.measure(scale, processes=2, connections=8)
    note = f"{found['processes']} processes, {found['connections']} connections"
    yield Metric("messages", found["per_second"], "messages/s wall", note=note)
    yield Metric("messages_cpu", found["per_cpu_second"], "messages/cpu-s", note=note)


BENCHES: Mapping[str, Bench] = MappingProxyType(
    {
        "targeting": Bench(targeting.measure, targeting.GOALS, usual=M),
        "definitions": Bench(definitions.measure, definitions.GOALS, usual=1_000),
        "orchestration": Bench(orchestration.measure, orchestration.GOALS, usual=1_000),
        "latency": Bench(latency.measure, latency.GOALS, usual=1_000),
        "send": Bench(measure_send),
        "email": Bench(email.measure, email.GOALS),
        "tracking": Bench(tracking.measure, tracking.GOALS),
        "planning": Bench(planning.measure, planning.GOALS, usual=M),
    }
)


def read_scale(text: str) -> int:
    """Read 500, 100k or 1M."""
    unit = _UNITS.get(text[-1:].lower(), 1)
    number = text[:-1] if unit > 1 else text
    if not number.isdecimal() or int(number) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a scale such as 500, 100k or 1M")
    return int(number) * unit


def run_all(names: Sequence[str], scale: int | None) -> list[Line]:
    """Run the benches in turn at `scale`, or at their usual ones; print each line as it comes."""
    lines = []
    for name in names:
        for line in report(name, BENCHES[name], scale or BENCHES[name].usual):
            print(line.json(), flush=True)
            lines.append(line)
    return lines


def show(lines: Iterable[Line]) -> None:
    """The same as a table for people, on the error stream: what is piped stays JSON."""
    table = Table("bench", "metric", "scale", "value", "baseline", "ratio", "goal", "met")
    for line in lines:
        found = line.metric
        table.add_row(
            line.bench,
            found.metric,
            f"{line.scale:,}",
            _number(found.value, found.unit),
            f"{_number(found.baseline_value, '')} {found.baseline}".strip(),
            _number(found.ratio, ""),
            str(line.goal or ""),
            _verdict(line),
        )
    Console(stderr=True, width=170).print(table)


def _number(number: float | None, unit: str) -> str:
    if number is None:
        return ""
    text = f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"
    return f"{text} {unit}".strip()


def _verdict(line: Line) -> str:
    if line.metric.skip:
        return f"skipped: {line.metric.skip}"
    return "NO" if line.missed else "yes" if line.met else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="all", choices=["all", *BENCHES])
    parser.add_argument("--scale", type=read_scale, help="the usual one of each bench if not said")
    given = parser.parse_args()
    lines = run_all(list(BENCHES) if given.name == "all" else [given.name], given.scale)
    show(lines)
    return 1 if any(line.missed for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
