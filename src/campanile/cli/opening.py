"""Opening the project that a command is about, and closing it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campanile.operations.project import Project


@contextmanager
def opened_project(*, sends: bool = True, outdated: bool = False) -> Iterator["Project"]:
    """The project found from the working folder upwards, for whoever calls; closed at the end.

    See `open_project` for `sends` and `outdated`. Raises NotSignedIn.
    """
    from campanile.settings.people import caller
    from campanile.settings.project import open_project

    project = open_project(sends=sends, outdated=outdated)
    try:
        yield project.acting_for(caller(project))
    finally:
        project.store.close()


def acting() -> str:
    """Who acts, for the audit log, where no project is open."""
    from campanile.settings.project import actor

    return actor()
