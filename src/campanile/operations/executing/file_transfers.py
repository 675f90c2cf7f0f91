"""Transfers of files: which there are, their copies, and what of it becomes working tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campanile.activities.file_paths import FilePath
from campanile.activities.transfer_file import TABLES, TransferFile, files_table
from campanile.campaigns.graph import Vertex
from campanile.operations.executing.data import BoundData
from campanile.operations.executing.effects import written_text
from campanile.operations.executing.file_copies import carry, path_of
from campanile.operations.executing.segment_run import SegmentRun
from campanile.store.file_moves import FileMove, NewFileMove
from campanile.warehouse.places.place import NoSuchFile, matching
from campanile.warehouse.sources import MemoryRows


@dataclass(frozen=True)
class Transferred:
    """The files of a transfer, by output."""

    rows: Mapping[str, Sequence[tuple[object, ...]]]

    @property
    def details(self) -> dict[str, dict[str, Any]]:
        """What the manifest says of each output: names and sizes, never more than a few names."""
        return {
            output: {"files": len(rows), "names": ", ".join(str(row[1]) for row in rows[:20])}
            for output, rows in self.rows.items()
            if rows
        }


def transfer(
    run: SegmentRun, vertex: Vertex, config: TransferFile, *, reached: bool
) -> Transferred:
    """Copy what the transfer asks for; what was copied before is not copied again.

    A test, and an action that only looks, copies nothing. A file that cannot be copied is told in
    `failed`; a server that cannot be reached fails the activity, which is tried again.
    """
    if not reached:
        return Transferred(dict.fromkeys(TABLES, ()))
    source = path_of(written_text(run, config.source))
    if run.mode == "test" or config.action in ("exists", "list"):
        moves = [_seen(run, each) for each in _found(run, vertex, config, source)]
    else:
        moves = [*_carried(run, vertex.name, lambda: _found(run, vertex, config, source))]
    if not moves and config.action != "list":
        return Transferred({"": (), "missing": [(1, str(source))], "failed": ()})
    return Transferred(_rows(moves))


def bind_transfer(data: BoundData, activity: str, found: Transferred) -> None:
    """Make the files readable as the tables of the activity's outputs."""
    for output, schema in TABLES.items():
        source = MemoryRows(schema, found.rows[output])
        data.session.bind(files_table(activity, output), source, schema)


def _found(
    run: SegmentRun, vertex: Vertex, config: TransferFile, source: FilePath
) -> list[NewFileMove]:
    """The files that the source means now, each with the path it is to have."""
    with run.project.places.opened(source.connection) as place:
        files = matching(place, source.path)
    target = _target(run, vertex, config)
    return [
        NewFileMove(
            activity=vertex.name,
            number=number,
            source=str(FilePath(source.connection, file.path)),
            target=str(target.child(file.name) if target.is_folder else target) if target else None,
            size=file.size,
            modified_at=file.modified_at,
            deletes=config.delete_source,
        )
        for number, file in enumerate(files, start=1)
    ]


def _target(run: SegmentRun, vertex: Vertex, config: TransferFile) -> FilePath | None:
    """Where to; what `get` brings without a target is received for this execution alone."""
    if config.action in ("exists", "list"):
        return None
    if config.target is not None:
        return path_of(written_text(run, config.target))
    execution = run.execution
    places = run.project.places
    return FilePath(None, places.received(execution.campaign, execution.key, vertex.name))


def _carried(
    run: SegmentRun, activity: str, found: Callable[[], Sequence[NewFileMove]]
) -> Sequence[FileMove]:
    moves = run.project.store.file_moves
    for move in moves.plan(run.execution.id, activity, found):
        if move.state in ("arrived", "failed", "settled"):
            continue
        try:
            carry(run, move)
        except NoSuchFile as error:
            moves.advance(move, "failed", error.message)
    return moves.of_activity(run.execution.id, activity)


def _seen(run: SegmentRun, found: NewFileMove) -> FileMove:
    """A file that stays where it is."""
    return FileMove(
        execution_id=run.execution.id,
        activity=found.activity,
        number=found.number,
        source=found.source,
        target=None,
        local=None,
        size=found.size,
        modified_at=found.modified_at,
        deletes=False,
        state="arrived",
        reason=None,
        at=run.project.clock(),
    )


def _rows(moves: Sequence[FileMove]) -> dict[str, list[tuple[object, ...]]]:
    rows: dict[str, list[tuple[object, ...]]] = {output: [] for output in TABLES}
    for move in moves:
        name = move.source.rpartition("/")[2]
        if move.state == "failed":
            rows["failed"].append((move.number, name, move.source, move.reason))
        else:
            modified = move.modified_at.replace(tzinfo=None) if move.modified_at else None
            path = move.target or move.source
            rows[""].append((move.number, name, path, move.size, modified))
    return rows
