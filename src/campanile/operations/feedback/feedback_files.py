"""Copies of feedback that nobody reads any more: thrown away at once, or when a day old."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree

from campanile.operations.feedback.message_feedback import BLOCK, FeedbackPins
from campanile.operations.project import Project

_KEPT = timedelta(days=1)  # an export writes its pins a while after its first file
_PAUSE = timedelta(hours=1)


def discard_copies(pins: FeedbackPins, root: Path) -> None:
    """Delete what was copied for one look only; what exports share stays."""
    live = [path for path in pins.messages if Path(path).name.startswith("live-")]
    for path in (*live, *pins.events):
        (root / path).unlink(missing_ok=True)


def purge_copies(project: Project, now: datetime) -> None:
    """Delete old copies that no segment has pinned; does nothing within an hour of the last time.

    Messages of settled deliveries and full blocks of events are made once, and stay.
    """
    mark = project.state / "feedback_purged"
    if mark.exists() and _changed_at(mark) > now - _PAUSE:
        return
    mark.touch()
    root = project.warehouse.root
    pinned = {
        path
        for each in project.store.entities.pinned_feedback()
        for path in FeedbackPins.from_json(each).paths(root)
    }
    for path in _copies(root / "feedback"):
        if path not in pinned and _changed_at(path) < now - _KEPT:
            path.unlink(missing_ok=True)


def forget_events(project: Project, now: datetime) -> int:
    """Delete opens and clicks older than `retention.events`, and full blocks of them.

    Returns how many events. A block that also holds younger ones stays as it is, so that copies in
    the lake may outlive their events by one block.
    """
    before = now - project.keep_events
    forgotten = project.store.events.forget(("opened", "clicked"), before)
    if forgotten:
        first = project.store.events.first_since(before)
        current = (first or project.store.events.watermark()) // BLOCK
        for block in (project.lake.root / "feedback" / "raw").glob("block-*"):
            if int(block.name.removeprefix("block-")) < current:
                rmtree(block, ignore_errors=True)
    return forgotten


def _copies(folder: Path) -> Iterator[Path]:
    """Messages of live deliveries, classified events, and blocks of events not full yet."""
    yield from folder.glob("messages/*/live-*.parquet")
    yield from folder.glob("events/*/*.parquet")
    for block in folder.glob("raw/*"):
        by_end = sorted(block.glob("to-*.parquet"), key=lambda p: int(p.stem.removeprefix("to-")))
        yield from by_end[:-1]


def _changed_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
