"""The yardstick judges: what is missing or cannot run is never met, and nothing stops the rest."""

import json

import pytest
from benchmarks.yardstick import Bench, Goal, Metric, report
from benchmarks.yardstick_cpu import Measured, alternate, measured, median_cpu

HALF = Goal("speed", "ratio", at_most=0.5)


def told(*metrics, goals=(HALF,), scale=10, error=None):
    def measure(_):
        yield from metrics
        if error:
            raise error

    return {line.metric.metric: line for line in report("bench", Bench(measure, goals), scale)}


def speed(value, baseline_value=10.0):
    return Metric("speed", value, "cpu-s", "them", baseline_value)


@pytest.mark.parametrize(("value", "met"), [(5.0, True), (5.1, False), (None, False)])
def test_a_ratio_is_held_against_its_goal(value, met):
    assert told(speed(value))["speed"].met is met


def test_a_ratio_without_a_baseline_is_not_met():
    assert told(speed(1.0, None))["speed"].missed


def test_a_goal_without_its_figure_is_missed():
    assert told()["speed"].missed


def test_what_cannot_run_here_is_neither_met_nor_missed():
    line = told(Metric.skipped("speed", "no node"))["speed"]
    assert (line.met, line.missed) == (False, False)
    assert json.loads(line.json())["skipped"] == "no node"


def test_a_goal_of_another_scale_does_not_count():
    large = Goal("speed", "ratio", at_most=0.5, scales=(1_000,))
    assert told(speed(9.0), goals=(large,))["speed"].met is None
    assert told(goals=(large,)) == {}
    assert told(speed(9.0), goals=(large,), scale=1_000)["speed"].missed


def test_an_error_ends_the_bench_and_is_told_with_what_it_left_out():
    lines = told(speed(1.0), goals=(HALF, Goal("size", "value", at_most=1)), error=OSError("full"))
    assert lines["speed"].met
    assert lines["runs_to_its_end"].missed
    assert "full" in lines["size"].metric.note


def test_a_figure_without_goal_is_told_as_it_is():
    line = json.loads(told(Metric("start", 1234.5, "ms"), goals=())["start"].json())
    assert (line["value"], line["goal"], line["met"]) == (1234, None, None)


def test_rivals_take_turns():
    turns = []

    def rival(name):
        def run():
            turns.append(name)
            return Measured(float(len(turns)), 0.0, 0.0, 0, name)

        return run

    ours, theirs = alternate([rival("a"), rival("b")], rounds=3)
    assert "".join(turns) == "ababab"
    assert (median_cpu(ours), median_cpu(theirs)) == (3.0, 4.0)


def test_a_function_is_measured_in_a_process_of_its_own():
    found = measured("math:factorial", 5)  # type: ignore[arg-type]
    assert found.result == 120
    assert found.peak > 2**20
