"""Copies of files between places: through a local file, arriving whole, once."""

from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

from campanile.activities.file_paths import FilePath, read_file_path
from campanile.errors import Refused
from campanile.operations.executing.segment_run import SegmentRun
from campanile.store.file_moves import FileMove
from campanile.warehouse.places.place import FoundFile


def path_of(text: str) -> FilePath:
    """A path whose templates are filled in; raises Refused for one that leads elsewhere."""
    try:
        return read_file_path(text)
    except ValueError as error:
        raise Refused(str(error), remedy="Look at what its parameters put in.") from error


def work_folder(run: SegmentRun, activity: str) -> Path:
    """Where an activity keeps files of its own, as long as its working tables are kept."""
    lake = run.project.warehouse.lake
    folder = lake.work_directory(run.execution.campaign, run.execution.key, f"{activity}__files")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fetch(run: SegmentRun, source: FilePath, folder: Path) -> Path:
    """A copy of a file on this machine, under a new name in `folder`."""
    local = folder / f"{uuid4().hex}.copy"
    try:
        with run.project.places.opened(source.connection) as place:
            place.fetch(source.path, local)
    except BaseException:
        local.unlink(missing_ok=True)
        raise
    return local


def carry(run: SegmentRun, move: FileMove) -> None:
    """Bring one file to its target, going on where an earlier attempt ended."""
    assert move.target is not None
    target, token = path_of(move.target), _token(run, move)
    moves = run.project.store.file_moves
    with run.project.places.opened(target.connection) as place:
        if move.state == "written" and place.complete(target.path, token, move.size):
            moves.advance(move, "arrived")
            return
        local = _local(run, move)
        try:
            place.put(local, target.path, token, lambda: moves.advance(move, "written"))
        finally:
            if move.local is None:
                local.unlink(missing_ok=True)
    moves.advance(move, "arrived")


def delete_source(run: SegmentRun, move: FileMove) -> None:
    """Delete the file that was copied or read; another one of its name stays."""
    source = path_of(move.source)
    if move.modified_at is None:
        return
    with run.project.places.opened(source.connection) as place:
        place.delete(FoundFile(source.path, move.size, move.modified_at))


def _local(run: SegmentRun, move: FileMove) -> Path:
    """The file itself: the one that the product made, or a copy of the source."""
    if move.local is not None:
        return run.project.warehouse.root / move.local
    local = fetch(run, path_of(move.source), work_folder(run, move.activity))
    if local.stat().st_size != move.size:
        local.unlink()
        raise Refused(f"`{move.source}` changed while it was copied.", remedy="Try again.")
    return local


def _token(run: SegmentRun, move: FileMove) -> str:
    """A name for this write alone, the same for all attempts at it."""
    parts = (run.project.identity, str(move.execution_id), move.activity, str(move.number))
    return blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()
