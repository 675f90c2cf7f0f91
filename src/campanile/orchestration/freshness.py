"""A location that lacks a version it should serve has itself loaded again."""

import logging
from collections.abc import Callable, Iterable
from threading import Thread

from campanile.errors import EngineError
from campanile.operations.authoring.versions import live_versions
from campanile.operations.hosting.reload import request_reload
from campanile.operations.project import Project

_LOG = logging.getLogger(__name__)
Versions = frozenset[tuple[str, int]]


class Freshness:
    """What this process has loaded, broken versions included; it asks once for what it lacks.

    Commands that publish ask for a reload themselves. This is for when theirs did not come about,
    so what is missing is asked for at the second look: one reload, not two after each other.
    """

    def __init__(
        self, loaded: Iterable[tuple[str, int]], reload: Callable[[Project], None] | None = None
    ) -> None:
        self._known: Versions = frozenset(loaded)
        self._missed: Versions = frozenset()
        self._reload = reload or _reload_meanwhile

    def look(self, project: Project) -> Versions:
        """Return the versions missing for the second time, and have the location loaded again."""
        wanted = frozenset((each.campaign, each.version) for each in live_versions(project))
        lacking = wanted - self._known
        missing = lacking & self._missed
        self._missed = lacking
        if missing:
            self._known |= missing
            self._reload(project)
        return missing


def _reload_meanwhile(project: Project) -> None:
    """Reload without keeping the tick waiting: the reload ends this very process."""
    Thread(target=_reload, args=(project,), daemon=True, name="reload").start()


def _reload(project: Project) -> None:
    try:
        outcome = request_reload(project.state, project.dagster_url)
        _LOG.info("The location lacks versions it should serve: %s.", outcome)
    except EngineError as error:
        _LOG.warning("%s", error)
