import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import dagster as dg
import pytest

from campanile.demo.performance import Performance
from campanile.operations.project import Project
from campanile.orchestration import keys
from campanile.orchestration.retelling import retell
from campanile.settings.project import open_project

NOW = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A shop whose campaigns ran for four weeks where no Dagster was."""
    folder = tmp_path / "demo"
    shutil.copytree(Path(str(resources.files("campanile.demo"))) / "project", folder)
    opened = open_project(folder, clock=lambda: NOW, environment={})
    Performance(opened, NOW).relive(300, 7, lambda _: None)
    yield opened
    opened.store.close()


def test_dagster_is_told_of_each_execution_once(project: Project) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert retell(project, instance) == 8
        assert retell(project, instance) == 0
        asset = keys.asset_key("weekly_offer", keys.report_name("offer"))
        told = instance.get_materialized_partitions(asset)
        newest = project.store.executions.of_campaign("weekly_offer")
        assert told == {each.key for each in newest}
        event = instance.get_latest_materialization_event(asset)
        assert event is not None
        assert event.asset_materialization is not None
        assert event.asset_materialization.metadata["sent"].value > 20
