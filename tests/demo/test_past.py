"""The past is made by the product itself: its accounts close, and its reports fit."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest

from campanile.demo.accounts import delivery_accounts
from campanile.demo.past import CAMPAIGNS, mondays
from campanile.demo.performance import Performance
from campanile.operations.feedback.reports import report
from campanile.operations.project import Project
from campanile.operations.scheduling.clock import tick
from campanile.settings.project import open_project

NOW = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)  # a Thursday


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("past") / "demo"
    shutil.copytree(Path(str(resources.files("campanile.demo"))) / "project", folder)
    opened = open_project(folder, clock=lambda: NOW, environment={})
    Performance(opened, NOW).relive(600, 7, lambda _: None)
    yield opened
    opened.store.close()


def test_mondays_are_past_and_rise() -> None:
    for day in range(14):
        found = mondays(NOW + timedelta(days=day))
        assert found == sorted(found)
        assert {each.weekday() for each in found} == {0}
        assert timedelta(0) < NOW + timedelta(days=day) - found[-1] < timedelta(days=8)


def test_every_slot_of_four_weeks_ran_and_its_account_closes(project: Project) -> None:
    for name in CAMPAIGNS:
        executions = project.store.executions.of_campaign(name)
        assert [each.status for each in executions] == ["finished"] * 4
        assert [each.requested_at.weekday() for each in executions] == [0] * 4
        accounts = delivery_accounts(project, executions)
        assert len(accounts) == 4
        assert all(each.is_closed for each in accounts)


def test_reports_have_grown(project: Project) -> None:
    for execution in project.store.executions.of_campaign("weekly_offer"):
        numbers = report(project, "weekly_offer", execution.key).activity("offer").numbers
        assert numbers.sent > 50
        assert 0 < numbers.reaction("clicked").messages < numbers.reaction("opened").messages
        assert numbers.reaction("opened").machine > 0
    assert report(project, "weekly_offer").activity("offer").numbers.failed > 0


def test_orders_were_loaded_as_they_came(project: Project) -> None:
    assert project.store.entities.current(["order"])["order"].version >= 5


def test_the_present_clock_finds_nothing_left_to_do(project: Project) -> None:
    found = tick(project, NOW)
    assert not any((found.segments, found.sends, found.reports))


def test_doing_it_again_changes_nothing(project: Project) -> None:
    before = project.store.entities.current(["order"])["order"].version
    loaded = Performance(project, NOW).relive(600, 7, lambda _: None)
    assert all(each.repeated for each in loaded)
    assert project.store.entities.current(["order"])["order"].version == before
