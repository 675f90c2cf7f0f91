"""What is left to do with files once their activity is committed: bring, delete, write down."""

from typing import Final

from campanile.operations.executing.file_copies import carry, delete_source
from campanile.operations.executing.segment_run import SegmentRun

MOVES_FILES: Final = ("load_file", "extract_file", "transfer_file")


def settle_files(run: SegmentRun, activity: str) -> None:
    """Finish the moves of a committed activity; those that are finished stay as they are.

    A process that was killed on the way leaves the rest to the next attempt at its segment. A file
    is deleted only here, when its rows or its copy are safe, and only if nobody has put another
    one in its place.
    """
    if run.compiled.graph[activity].type not in MOVES_FILES or run.mode == "test":
        return
    moves = run.project.store.file_moves
    for move in moves.of_activity(run.execution.id, activity):
        if move.state == "settled":
            continue
        if move.state in ("planned", "written"):
            carry(run, move)
        if move.deletes and move.state != "failed":
            delete_source(run, move)
        moves.advance(move, "settled", move.reason)
        if move.local is not None:
            (run.project.warehouse.root / move.local).unlink(missing_ok=True)
