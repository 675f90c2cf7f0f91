"""The frame of all benchmarks: a figure, the goal it is held against, and the bench that yields it.

How to register a bench: write `benchmarks/<name>/bench.py` (or one module) with

    GOALS = (Goal("cpu_against_sql", "ratio", at_most=1.2, scales=(M, 10 * M)),)

    def measure(scale: int) -> Iterator[Metric]:
        mine, theirs = alternate([ours, others], rounds=3)  # benchmarks.yardstick_cpu
        yield Metric("cpu_against_sql", value=…, unit="cpu-s",
                     baseline="hand-written SQL", baseline_value=…, note="…")

and add `"name": Bench(measure, GOALS)` to BENCHES in `benchmarks/__main__.py`. The ratio is always
value / baseline_value; a goal looks at `ratio` or at `value`. A baseline that cannot run here
yields `Metric.skipped("metric", "reason")`. A goal without its metric is reported as missed.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

M = 1_000_000


@dataclass(frozen=True)
class Goal:
    """A bound that the metric of this name must keep, on its ratio or on its value.

    `scales` are those at which it must; none: at all. "5 times less" is a ratio of at most 0.2.
    """

    metric: str
    of: Literal["ratio", "value"]
    at_most: float | None = None
    at_least: float | None = None
    scales: tuple[int, ...] = ()

    def applies(self, scale: int) -> bool:
        """Whether the goal is to be kept at this scale."""
        return not self.scales or scale in self.scales

    def kept(self, metric: "Metric") -> bool:
        """Whether the figure keeps the bound; a figure that is not there does not."""
        found = metric.value if self.of == "value" else metric.ratio
        if found is None:
            return False
        low, high = self.at_least, self.at_most
        return (low is None or found >= low) and (high is None or found <= high)

    def __str__(self) -> str:
        bounds = [f">= {self.at_least:g}" if self.at_least is not None else ""]
        bounds += [f"<= {self.at_most:g}" if self.at_most is not None else ""]
        return f"{self.of} {' and '.join(filter(None, bounds))}"


@dataclass(frozen=True)
class Metric:
    """One figure of a bench; `baseline_value` is the same figure of whom it is compared with."""

    metric: str
    value: float | None
    unit: str
    baseline: str = ""
    baseline_value: float | None = None
    note: str = ""
    skip: str = ""

    @classmethod
    def skipped(cls, metric: str, reason: str, baseline: str = "") -> "Metric":
        """A figure that cannot be taken here, and why."""
        return cls(metric, None, "", baseline, skip=reason)

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of the baseline's."""
        if self.value is None or not self.baseline_value:
            return None
        return self.value / self.baseline_value


@dataclass(frozen=True)
class Bench:
    """A benchmark: yields its figures at a scale, and has goals for some of them.

    `usual` is the scale when none is said: what its goals are for, or minutes at most.
    """

    measure: Callable[[int], Iterable[Metric]]
    goals: tuple[Goal, ...] = ()
    usual: int = 100_000


@dataclass(frozen=True)
class Line:
    """A figure as it is reported; `met` is None where there is no goal."""

    bench: str
    scale: int
    metric: Metric
    goal: Goal | None
    met: bool | None

    @property
    def missed(self) -> bool:
        """Whether a goal is missed; what cannot run here is neither met nor missed."""
        return self.met is False and not self.metric.skip

    def json(self) -> str:
        """The line as one JSON object."""
        found = self.metric
        line: dict[str, Any] = {
            "bench": self.bench,
            "metric": found.metric,
            "scale": self.scale,
            "value": _short(found.value),
            "unit": found.unit,
            "baseline": found.baseline or None,
            "baseline_value": _short(found.baseline_value),
            "ratio": _short(found.ratio),
            "goal": str(self.goal) if self.goal else None,
            "met": self.met,
            "note": found.note,
        }
        return json.dumps(line | ({"skipped": found.skip} if found.skip else {}))


def report(name: str, bench: Bench, scale: int) -> Iterator[Line]:
    """Run a bench and judge its figures as they come; then tell the goals that have none.

    An error ends the bench, not the others: it becomes the reason of what is missing.
    """
    told: set[str] = set()
    reason = "the bench did not yield it"
    figures = iter(bench.measure(scale))
    while True:
        try:
            metric = next(figures)
        except StopIteration:
            break
        except Exception as error:  # noqa: BLE001  whatever ends a bench; the others go on
            reason = f"{type(error).__name__}: {error}"
            yield Line(name, scale, Metric("runs_to_its_end", None, "", note=reason), None, False)
            break
        told.add(metric.metric)
        yield _judged(name, bench, scale, metric)
    for goal in bench.goals:
        if goal.applies(scale) and goal.metric not in told:
            missing = Metric(goal.metric, None, "", note=f"missing: {reason}")
            yield Line(name, scale, missing, goal, False)


def _judged(name: str, bench: Bench, scale: int, metric: Metric) -> Line:
    goals = [g for g in bench.goals if g.metric == metric.metric and g.applies(scale)]
    if metric.skip:
        return Line(name, scale, metric, goals[0] if goals else None, False)
    if not goals:
        return Line(name, scale, metric, None, None)
    return Line(name, scale, metric, goals[0], goals[0].kept(metric))


def _short(number: float | None) -> float | int | None:
    """Whole numbers whole, others with four digits that say something."""
    if number is None:
        return None
    return round(number) if abs(number) >= 1000 else float(f"{number:.4g}")
