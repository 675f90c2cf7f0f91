"""Extracts: a file is made before its activity commits, and arrives at its place afterwards."""

from itertools import islice
from uuid import uuid4

from campanile.activities.effects import WriteFile
from campanile.campaigns.graph import Vertex
from campanile.errors import Refused
from campanile.operations.executing.file_copies import path_of, work_folder
from campanile.operations.executing.segment_run import SegmentRun
from campanile.store.file_moves import NewFileMove
from campanile.warehouse.texts.writing import write_file
from campanile.warehouse.warehouse import Session


def prepare_file(
    run: SegmentRun, session: Session, vertex: Vertex, effect: WriteFile, file: str
) -> NewFileMove:
    """Write the file on this machine; the move that brings it to its place once it is committed."""
    target = path_of(file)
    if target.is_folder or target.is_glob:
        raise Refused(f"`{file}` names no file.", remedy="A path is no folder and no pattern.")
    local = work_folder(run, vertex.name) / f"{uuid4().hex}.extract"
    relation, layout = effect.relation, effect.layout
    types = list(islice(relation.schema.values(), len(layout.headers)))
    rows = write_file(session.batches(relation), types, local, layout, str(target))
    return NewFileMove(
        activity=vertex.name,
        number=1,
        source=f"{rows} rows",
        target=str(target),
        local=str(local.relative_to(run.project.warehouse.root)),
        size=local.stat().st_size,
    )
