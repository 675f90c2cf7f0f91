"""What killed runs left behind goes after a day; what is named, or under way, never does."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from campanile.errors import EngineError
from campanile.operations.authoring.templates import thaw_templates
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_runs import fail_segment
from campanile.operations.scheduling.sweeping import sweep_orphans
from campanile.store.manifests import Manifests
from campanile.store.retention import Retention

SPRING = """
name: spring
schedule: asap
activities:
  everybody: {type: build_audience}
  gold: {type: filter, from: everybody, where: tier = 'gold'}
  kept: {type: save_audience, from: gold, audience: golden}
"""


def files(town) -> set[Path]:
    return {path for path in town.project.lake.root.rglob("*.parquet") if path.is_file()}


def age(town, **by: float) -> None:
    """Let everything on disk have been written a while before the town's present."""
    then = (town.clock() - timedelta(**by)).timestamp()
    for path in town.project.state.rglob("*"):
        os.utime(path, (then, then))


def die_before_commit(town, monkeypatch):
    """Run the first activity up to the moment when its table is written and not yet named."""

    def crash(*_given, **_named):
        raise EngineError("died before the commit")

    (request,) = town.ready()
    run = town.begin(request)
    with monkeypatch.context() as patched:
        patched.setattr(Manifests, "commit_outputs", crash)
        with pytest.raises(EngineError):
            run_activity(run, "everybody", "all")
    return run


def test_a_table_that_was_never_committed_goes_after_a_day_and_no_other(town, monkeypatch):
    town.publish("spring", SPRING)
    before = files(town)
    run = die_before_commit(town, monkeypatch)
    (orphan,) = files(town) - before
    fail_segment(run, "died")
    town.run()
    named = files(town) - {orphan}

    age(town, hours=23)
    assert sweep_orphans(town.project, town.clock()) == 0
    age(town, hours=25)
    assert sweep_orphans(town.project, town.clock()) == 1

    assert files(town) == named  # working tables, entities and the saved audience
    assert len(named) == 2 + 3 + 1


def test_what_a_running_segment_wrote_stays_however_long_it_takes(town, monkeypatch):
    town.publish("spring", SPRING)
    run = die_before_commit(town, monkeypatch)
    written = files(town)
    age(town, days=3)

    assert sweep_orphans(town.project, town.clock()) == 0
    assert files(town) == written
    fail_segment(run, "died")
    assert sweep_orphans(town.project, town.clock()) == 1


def test_templates_of_versions_that_nothing_runs_and_killed_rehearsals_go(town):
    letter = "\n  letter: {type: email, from: gold, template: hello, topic: offers}\n"
    town.publish("spring", SPRING.rstrip() + letter)
    first = thaw_templates(town.project, "spring", 1)
    town.run()
    execution = town.project.store.executions.of_campaign("spring")[0]
    left = town.project.state / "tmp" / "rehearsal-killed" / "store"
    left.mkdir(parents=True)
    age(town, days=2)

    assert sweep_orphans(town.project, town.clock()) == 1  # the rehearsal
    assert (first.exists(), left.exists()) == (True, False)
    town.project.store.executions.stop(execution.id, by="test", reason="over")
    town.project.store.lives.take("spring", "stop", by="test", reason="over")
    age(town, days=2)
    assert sweep_orphans(town.project, town.clock()) == 1
    assert not first.exists()
    assert thaw_templates(town.project, "spring", 1) == first  # laid out anew


def test_a_folder_that_another_engine_keeps_in_the_lake_stays_with_all_its_files(town, monkeypatch):
    folder = town.project.lake.work_directory("spring", "e1", "gold") / "part-1"
    folder.mkdir(parents=True)
    (folder / "0.parquet").write_bytes(b"x")
    age(town, days=2)
    with monkeypatch.context() as patched:
        named = {"spark:work/spring/e1/gold/part-1"} | town.project.store.retention.named_paths()
        patched.setattr(Retention, "named_paths", lambda _: named)
        assert sweep_orphans(town.project, town.clock()) == 0
    assert sweep_orphans(town.project, town.clock()) == 1
