"""Housekeeping: once a day, what has outlived its time is deleted, and nothing else."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from campanile.errors import CampanileError
from campanile.operations.authoring.versions import get_version
from campanile.operations.feedback.feedback_files import forget_events
from campanile.operations.hosting.disk import measure_disk
from campanile.operations.project import Project
from campanile.operations.scheduling.endings import complete_idle, purge_archived
from campanile.operations.scheduling.forgetting import forget_lapsed
from campanile.operations.scheduling.sweeping import sweep_orphans
from campanile.store.retention import Outlived

_PAUSE = timedelta(days=1)
_JUST_READ = timedelta(hours=1)  # a segment pins what it read a moment before


@dataclass(frozen=True)
class Kept:
    """What a round of housekeeping took away."""

    executions: int = 0
    versions: int = 0
    memories: int = 0
    orphans: int = 0
    events: int = 0
    completed: tuple[str, ...] = ()
    purged: tuple[str, ...] = ()


def _with_own_keep(project: Project, now: datetime) -> list[Outlived]:
    """Executions whose tables may go by what their campaign says itself."""
    found = []
    for ended in project.store.retention.ended_with_keep():
        one = ended.outlived
        with suppress(CampanileError):  # a version that cannot be read keeps its tables
            keep = get_version(project, one.campaign, ended.version).campaign.keep
            own = keep.tables if isinstance(keep.tables, timedelta) else project.keep_tables
            if ended.finished_at < now - own:
                found.append(one)
    return found


def keep_house(project: Project, now: datetime) -> Kept:
    """Delete old working tables, unpinned versions and dead memory; at most once a day.

    Working tables go `retention.tables` after their execution ended; their counts stay. Versions of
    entities and audiences go when they are not current and no segment that may go on has pinned
    them. Files go first: a round that is cut off is repeated by the next. Files that nothing names
    go when they are a day old, opens and clicks after `retention.events`. Campaigns with nothing
    left to do are completed, and those archived long ago are deleted. Last, the disk is measured.
    """
    mark = project.state / "housekept"
    if mark.exists() and datetime.fromtimestamp(mark.stat().st_mtime, UTC) > now - _PAUSE:
        return Kept()
    mark.touch()
    outlived = _drop_outlived(project, now)
    paths = project.store.entities.collect(now - _JUST_READ)
    project.warehouse.drop_tables(paths)
    kept = Kept(
        outlived,
        len(paths),
        project.store.consumed.sweep() + forget_lapsed(project, now),
        sweep_orphans(project, now),
        forget_events(project, now),
        tuple(complete_idle(project, now)),
        tuple(purge_archived(project, now)),
    )
    measure_disk(project.state, now)
    return kept


def _drop_outlived(project: Project, now: datetime) -> int:
    """Delete the working tables of executions that ended long ago; returns how many."""
    total = _drop(project, _with_own_keep(project, now))
    while some := project.store.retention.outlived(now - project.keep_tables):
        total += _drop(project, some)
    return total


def _drop(project: Project, some: Sequence[Outlived]) -> int:
    for one in some:
        folder = project.warehouse.work_directory(one.campaign, one.key, "any").parent
        project.warehouse.drop_below(folder)
        project.places.forget(one.campaign, one.key)
        project.store.retention.forget_tables(one.id)
    return len(some)
