"""Sweeping: files that nothing in the store names are deleted, once they are a day old.

They are what killed runs left: tables written and never committed, rehearsals that never ended,
templates laid out for versions that no longer run.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree

from campanile.operations.project import Project

ORPHAN_AGE = timedelta(days=1)  # what is younger may be about to be committed


def sweep_orphans(project: Project, now: datetime) -> int:
    """Delete orphans of the lake, temporary files and old templates; returns how many.

    Files are listed before the store is asked which it names, so that what is committed meanwhile
    stays. The tables of an execution stay while one of its segments is under way, however long;
    those of a test stay together.
    """
    before = now - ORPHAN_AGE
    old = project.lake.files_older_than(before)
    named = {_file_of(path, project) for path in project.store.retention.named_paths()}
    busy = {
        project.lake.work_directory(campaign, key, "any").parent.resolve()
        for campaign, key in project.store.retention.under_way()
    }
    kept = named.union(busy)
    orphans = [path for path in old if kept.isdisjoint((path, *path.parents))]
    project.lake.drop_tables(map(str, orphans))
    forgotten = [*_templates(project, before), *_temporary(project.state / "tmp", before)]
    for path in forgotten:
        if path.is_dir():
            rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(orphans) + len(forgotten)


def _file_of(path: str, project: Project) -> Path:
    """The file or folder behind what the store keeps as a path; other engines' may lie here."""
    place = Path(path)
    return (place if place.is_absolute() else project.lake.root / path.partition(":")[2]).resolve()


def _templates(project: Project, before: datetime) -> Iterator[Path]:
    """Laid-out templates of versions that nothing runs; they are laid out anew when asked for."""
    live = {(name, f"v{version}") for name, version in project.store.campaigns.live_versions()}
    for folder in (project.state / "templates").glob("*/*"):
        version = folder.name.partition("-")[0]
        if (folder.parent.name, version) not in live and _changed_at(folder) < before:
            yield folder


def _temporary(folder: Path, before: datetime) -> Iterator[Path]:
    """What the engine and rehearsals put aside; a query that still uses it writes to it."""
    for path in folder.glob("*"):
        below = (Path(place) / name for place, _, names in os.walk(path) for name in names)
        if all(_changed_at(each) < before for each in (path, *below)):
            yield path


def _changed_at(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except FileNotFoundError:  # it went meanwhile
        return datetime.max.replace(tzinfo=UTC)
