"""Loads of files: copies that all attempts read, typed rows, and rejects counted and kept."""

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from campanile.activities.file_paths import FilePath
from campanile.activities.load_file import REJECTS, LoadFile, rejects_table, rows_table
from campanile.campaigns.graph import Vertex
from campanile.errors import DataError, Refused
from campanile.operations.executing.data import BoundData
from campanile.operations.executing.effects import written_text
from campanile.operations.executing.file_copies import fetch, path_of, work_folder
from campanile.operations.executing.segment_run import SegmentRun
from campanile.relations.relation import Relation
from campanile.store.file_moves import NewFileMove
from campanile.store.manifest_rows import ManifestRow
from campanile.warehouse.places.place import FoundFile, matching
from campanile.warehouse.sources import EmptyTable, ParquetFiles
from campanile.warehouse.staging import open_staging
from campanile.warehouse.texts.file_tables import REFUSED, ROWS, FileTables

_LIST = "files.json"


@dataclass(frozen=True)
class PinnedFile:
    """A copy of a file as the first attempt found it; `copy` is its name in the pin's folder."""

    source: str
    copy: str
    size: int
    modified_at: str

    @property
    def name(self) -> str:
        """What people call it."""
        return self.source.rpartition("/")[2]


@dataclass(frozen=True)
class LoadedFiles:
    """What a load brought: details for its two outputs, and the files to delete."""

    details: Mapping[str, dict[str, Any]]
    deletions: tuple[NewFileMove, ...] = ()


def load_files(
    run: SegmentRun,
    data: BoundData,
    vertex: Vertex,
    config: LoadFile,
    committed: Mapping[str, ManifestRow],
    *,
    reached: bool,
) -> LoadedFiles:
    """Bind the rows of the files, and those that could not be read.

    Raises DataError where a file is not what the columns describe, or more than `max_rejects` rows
    cannot be read: those lie in quarantine then, and the next attempt reads the files anew.
    """
    if not reached:
        data.session.bind(rows_table(vertex.name), EmptyTable(config.table_schema))
        data.session.bind(rejects_table(vertex.name), EmptyTable(REJECTS))
        return LoadedFiles({})
    folder = work_folder(run, vertex.name) / "pinned"
    pinned = _pinned(run, vertex, config, committed, folder)
    try:
        return _read(run, data, vertex, config, folder, pinned)
    except DataError:
        shutil.rmtree(folder)  # the same bytes would fail again
        raise


def _read(
    run: SegmentRun,
    data: BoundData,
    vertex: Vertex,
    config: LoadFile,
    folder: Path,
    pinned: Sequence[PinnedFile],
) -> LoadedFiles:
    zone = config.timezone or data.moment.timezone.key
    details: dict[str, Any] = {}
    with open_staging(run.project.warehouse.lake) as staging:
        tables = FileTables(staging, config, zone)
        tables.open()
        for file in pinned:
            taken = tables.take(folder / file.copy, file.name)
            details[file.name] = "{:,} rows, {:,} rejected, {:,} bytes".format(*taken, file.size)
        rejected = staging.count(REFUSED)
        assert isinstance(config.max_rejects, int)
        if rejected > config.max_rejects:
            raise _too_many(
                run,
                vertex,
                staging.all(_REASONS),
                rejected,
                config.max_rejects,
                _quarantine(run, vertex, staging.all(_REJECTED)),
            )
        for name, table, schema in (
            (rows_table(vertex.name), ROWS, config.table_schema),
            (rejects_table(vertex.name), REFUSED, REJECTS),
        ):
            written = staging.session.write(Relation.table(table, schema), folder.parent)
            data.session.bind(name, ParquetFiles((str(written.path),), pinned=True), schema)
    facts = {"files": len(pinned), "file": dict(list(details.items())[:20])}
    return LoadedFiles(
        {"": {**facts, "rejected": rejected}, "rejects": {"files": len(pinned)}},
        _deletions(vertex, pinned) if config.delete_after and run.mode == "live" else (),
    )


_REASONS = (
    f"SELECT coalesce(\"column\", 'the whole row'), count(*) FROM {REFUSED} "  # noqa: S608
    "GROUP BY 1 ORDER BY 2 DESC LIMIT 3"
)
_REJECTED = (
    f'SELECT file, line, "column", reason, text FROM {REFUSED} '  # noqa: S608
    "ORDER BY file, line LIMIT 10000"
)


def _too_many(
    run: SegmentRun,
    vertex: Vertex,
    reasons: Sequence[tuple[object, ...]],
    rejected: int,
    allowed: int,
    path: Path,
) -> DataError:
    columns = ", ".join(f"{column} ({count})" for column, count in reasons)
    where = path.relative_to(run.project.state)
    return DataError(
        f"{rejected:,} rows cannot be read, {allowed:,} are allowed: {columns}.",
        remedy=f"They lie with their reasons in {where} of the state folder. Correct the file or"
        f" `{vertex.name}`, then `campanile restart`.",
    )


def _quarantine(run: SegmentRun, vertex: Vertex, rows: Sequence[tuple[object, ...]]) -> Path:
    """Keep the rejected rows where the team finds them; logs never hold one."""
    name = f"{run.execution.key}-{vertex.name}.csv"
    path = run.project.quarantine / run.execution.campaign / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "line", "column", "reason", "text"])
        writer.writerows(rows)
    return path


def _deletions(vertex: Vertex, pinned: Sequence[PinnedFile]) -> tuple[NewFileMove, ...]:
    return tuple(
        NewFileMove(
            activity=vertex.name,
            number=number,
            source=file.source,
            size=file.size,
            modified_at=datetime.fromisoformat(file.modified_at),
            deletes=True,
            state="arrived",
        )
        for number, file in enumerate(pinned, start=1)
    )


# ── copies ──────────────────────────────────────────────────────────────────────────────────────


def _pinned(
    run: SegmentRun,
    vertex: Vertex,
    config: LoadFile,
    committed: Mapping[str, ManifestRow],
    folder: Path,
) -> list[PinnedFile]:
    """The files as the first attempt copied them; all of them, or none yet."""
    if not folder.exists():
        _pin(run, _sources(run, vertex, config, committed), folder)
    written = json.loads((folder / _LIST).read_text(encoding="utf-8"))
    return [PinnedFile(**each) for each in written]


def _pin(run: SegmentRun, sources: Sequence[tuple[FilePath, FoundFile]], folder: Path) -> None:
    """Copy the files into a new folder, which gets its name when it is whole."""
    draft = folder.with_name(f"draft-{uuid4().hex}")
    draft.mkdir()
    pinned = []
    for source, file in sources:
        copy = fetch(run, source, draft)
        size = copy.stat().st_size
        pinned.append(PinnedFile(str(source), copy.name, size, file.modified_at.isoformat()))
    text = json.dumps([asdict(each) for each in pinned])
    (draft / _LIST).write_text(text, encoding="utf-8")
    draft.rename(folder)


def _sources(
    run: SegmentRun, vertex: Vertex, config: LoadFile, committed: Mapping[str, ManifestRow]
) -> list[tuple[FilePath, FoundFile]]:
    """The files to read, in the order of their names; raises DataError where there is none."""
    if config.file is not None:
        paths = [path_of(written_text(run, config.file))]
    else:
        paths = [path_of(text) for text in _brought(run, vertex, committed)]
    found = []
    for path in paths:
        with run.project.places.opened(path.connection) as place:
            files = matching(place, path.path)
        if not files:
            raise DataError(f"there is no file `{path}`.", remedy="Put it there, or start later.")
        found += [(FilePath(path.connection, file.path), file) for file in files]
    return found


def _brought(run: SegmentRun, vertex: Vertex, committed: Mapping[str, ManifestRow]) -> list[str]:
    """The paths of what the transfers that it follows have brought."""
    graph = run.compiled.graph
    rows = [
        committed[name]
        for name in vertex.after
        if graph[name].type == "transfer_file" and name in committed
    ]
    paths = []
    with run.open_session() as session:
        for row in rows:
            if row.path is None:
                raise Refused(f"'{row.transition}' has no table.")
            bound = session.bind(f"brought__{row.activity}", ParquetFiles((row.path,), pinned=True))
            files = Relation.table(bound.name, bound.schema)
            paths += [str(path) for (path,) in session.rows(files.select(["path"]))]
    return sorted(paths)
