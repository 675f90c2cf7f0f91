"""Housekeeping: once a day, what has outlived its time is deleted, and nothing else."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from campanile.operations.project import Project
from campanile.operations.scheduling.endings import complete_idle, purge_archived
from campanile.operations.scheduling.forgetting import forget_lapsed
from campanile.operations.scheduling.sweeping import sweep_orphans

_PAUSE = timedelta(days=1)
_JUST_READ = timedelta(hours=1)  # a segment pins what it read a moment before


@dataclass(frozen=True)
class Kept:
    """What a round of housekeeping took away."""

    executions: int = 0
    versions: int = 0
    memories: int = 0
    orphans: int = 0
    completed: tuple[str, ...] = ()
    purged: tuple[str, ...] = ()


def keep_house(project: Project, now: datetime) -> Kept:
    """Delete old working tables, unpinned versions and dead memory; at most once a day.

    Working tables go `retention.tables` after their execution ended; their counts stay. Versions of
    entities and audiences go when they are not current and no segment that may go on has pinned
    them. Files go first: a round that is cut off is repeated by the next. Files that nothing names
    go when they are a day old. Campaigns with nothing left to do are completed, and those archived
    long ago are deleted.
    """
    mark = project.state / "housekept"
    if mark.exists() and datetime.fromtimestamp(mark.stat().st_mtime, UTC) > now - _PAUSE:
        return Kept()
    mark.touch()
    outlived = project.store.retention.outlived(now - project.keep_tables)
    for one in outlived:
        folder = project.warehouse.work_directory(one.campaign, one.key, "any").parent
        project.warehouse.drop_below(folder)
        project.places.forget(one.campaign, one.key)
        project.store.retention.forget_tables(one.id)
    paths = project.store.entities.collect(now - _JUST_READ)
    project.warehouse.drop_tables(paths)
    return Kept(
        len(outlived),
        len(paths),
        project.store.consumed.sweep() + forget_lapsed(project, now),
        sweep_orphans(project, now),
        tuple(complete_idle(project, now)),
        tuple(purge_archived(project, now)),
    )
