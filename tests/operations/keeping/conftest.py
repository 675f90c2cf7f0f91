"""The project of the operations' tests, with a campaign that has planned its messages."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from campanile.operations.project import Project
from campanile.settings.project import locate_store, open_project

CAMPAIGN = """
name: hello
schedule: asap
activities:
  people: {type: build_audience, where: customer_id > 0}
  cells: {type: split, from: people, subsets: {gold: {where: tier = 'gold'}}, complement: others}
  letter: {type: email, from: people, template: hello, topic: offers, confirm: false}
"""


@pytest.fixture
def planned(town):
    """`town` with ten messages planned, none of them sent."""
    town.publish("hello", CAMPAIGN)
    from campanile.operations.scheduling.clock import tick

    for _ in range(3):
        for request in tick(town.project, town.clock()).segments:
            town.work(request)
    return town


@pytest.fixture
def reopen() -> Iterator[Callable[..., Project]]:
    """Open a folder as a project with the clock of another; closed at the end."""
    opened: list[Project] = []

    def project(folder: Path, like: Project, **options: bool) -> Project:
        opened.append(open_project(folder, clock=like.clock, environment={}, **options))
        return opened[-1]

    yield project
    for one in opened:
        one.store.close()


@pytest.fixture
def locate() -> Callable[[Path], Path | str]:
    """Where a restored project has its store, whatever the environment of the tests says."""
    return lambda folder: locate_store(folder, {})
