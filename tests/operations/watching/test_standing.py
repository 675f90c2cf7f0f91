"""What needs somebody is told with the next command, the most urgent first."""

import json
from datetime import timedelta

from campanile.operations.hosting.disk import Measured, forecast, measure_disk, measurements
from campanile.operations.hosting.heartbeat import note_tick
from campanile.operations.scheduling.clock import tick
from campanile.operations.watching.standing import URGENCY, needs

SPRING = """
name: spring
schedule: asap
activities:
  everybody: {type: build_audience}
  letter: {type: email, from: everybody, template: hello, topic: offers}
"""
NIGHTLY = """
name: nightly
schedule: {every: day, at: '12:00', timezone: Europe/Paris}
activities: {everybody: {type: build_audience}}
"""


def kinds(town):
    note_tick(town.project.state, town.clock())
    return [need.kind for need in needs(town.project)]


def test_nothing_needs_anybody_in_a_project_that_sleeps(town):
    assert kinds(town) == []


def test_the_most_urgent_comes_first(town):
    town.publish("spring", SPRING)
    town.run()
    key = town.project.store.executions.of_campaign("spring")[0]
    town.write("broken", "name: broken\nactivities: {a: {type: nothing}}\n")
    town.project.store.sending.halt("a wrong price", town.clock())
    assert kinds(town) == ["sending", "confirm", "faults"]

    town.project.store.executions.pause(key.id, by="ana", reason="lunch")
    found = kinds(town)
    assert found == sorted(found, key=URGENCY.index)
    assert found[:2] == ["sending", "paused"]


def test_what_should_have_moved_on_is_late(town):
    town.publish("nightly", NIGHTLY)
    town.clock.forward(hours=2, minutes=1)
    tick(town.project, town.clock())  # its segment is ready, and no run begins
    assert "late" not in kinds(town)
    town.clock.forward(minutes=20)

    late = [need for need in needs(town.project) if need.kind == "late"]
    assert "segment 'start' is ready since 2026-11-22 11:01 UTC" in late[0].sentence


def test_the_disk_is_measured_once_a_day_and_says_when_it_is_full(tmp_path, town):
    now, state = town.clock(), tmp_path / "state"
    state.mkdir()
    (state / "some").write_bytes(b"x" * 1_000)
    measure_disk(state, now)
    assert [one.taken for one in measurements(state)] == [1_000]

    grown = [Measured(now - timedelta(days=4), 0), Measured(now, 2 * forecast(state, []).free)]
    found = forecast(state, grown)
    assert found.is_full_soon
    assert found.lasts is not None
    assert found.lasts < timedelta(days=3)
    assert forecast(state, grown[:1]).lasts is None
    assert forecast(state, [grown[0], Measured(now, 0)]).lasts is None  # it does not grow

    (town.project.state / "disk.jsonl").write_text(
        "".join(f"{json.dumps([one.at.isoformat(), one.taken])}\n" for one in grown)
    )
    assert kinds(town)[-1] == "disk_soon"
