"""A performance that was cut off waits for what it left open, and for nobody else."""

import shutil
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from campanile.demo.performance import CAMPAIGNS, Performance
from campanile.settings.project import open_project

NOW = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)


def test_nobody_waits_for_campaigns_that_are_over(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(Path(str(resources.files("campanile.demo"))) / "project", folder)
    project = open_project(folder, clock=lambda: NOW, environment={})
    performance = Performance(project, NOW)
    assert performance.go_on() is None

    performance.load_shop(100, 7, lambda _: None)
    started = {each.campaign: each for each in performance.publish()}
    going_on = performance.go_on()
    assert going_on is not None
    assert going_on.campaigns == CAMPAIGNS

    project.store.executions.stop(started["welcome_back"].id, by="ana", reason="over")
    going_on = performance.go_on()
    assert going_on is not None
    assert going_on.campaigns == ("weekly_offer",)
    assert going_on.since == started["weekly_offer"].requested_at
    project.store.close()
