"""Opening the project that a command is about, and closing it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campanile.operations.project import Project


@contextmanager
def opened_project() -> Iterator["Project"]:
    """The project found from the working folder upwards; its store is closed at the end."""
    from campanile.settings.project import open_project

    project = open_project()
    try:
        yield project
    finally:
        project.store.close()


def acting() -> str:
    """Who acts, for the audit log."""
    from campanile.settings.project import actor

    return actor()
