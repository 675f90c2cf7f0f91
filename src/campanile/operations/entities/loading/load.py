"""Load a file into an entity: upsert or delete by key, faulty rows set aside, all or nothing."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from campanile.catalog.entities import Entity
from campanile.errors import CampanileError, DataError, Refused
from campanile.operations.entities.loading.consents import record_consents
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.entity_versions import NewEntityVersion
from campanile.store.loads import Load
from campanile.warehouse.merging import Changes, merge_rows, merged_rows, remove_rows
from campanile.warehouse.sources import ParquetFiles
from campanile.warehouse.staging import Staging, open_staging
from campanile.warehouse.texts.delimited import DelimitedFile, read_delimited
from campanile.warehouse.texts.detection import FileFormat, detect_format

LoadMode = Literal["upsert", "delete"]


@dataclass(frozen=True)
class Loaded:
    """What a load did; `repeated` means that this very file was loaded before: nothing changed."""

    entity: str
    version: int
    rows: int
    changes: Changes
    rejected: int
    rejects_path: Path | None
    format: str
    ignored_columns: tuple[str, ...] = ()
    consents: int = 0
    repeated: bool = False
    reasons: Mapping[str, int] = field(default_factory=dict)


def _quietly(_rows: int) -> None:
    """Tell nobody."""


@requires(Right.MANAGE_DATA)
def load_file(
    project: Project,
    entity_name: str,
    path: Path,
    *,
    mode: LoadMode = "upsert",
    encoding: str | None = None,
    delimiter: str | None = None,
    actor: str,
    progress: Callable[[int], None] = _quietly,
) -> Loaded:
    """Bring the rows of a delimited file into an entity, in one new version or none.

    The version column decides which row of a key is newest. `progress` hears the number of rows
    read so far. Raises Refused for an entity that is not loaded, DataError for a file that cannot
    be used; then nothing has changed.
    """
    entity = _loaded_entity(project, entity_name)
    file_format = detect_format(path, encoding=encoding, delimiter=delimiter)
    load = project.store.loads.begin(entity.name, _digest(path), mode)
    if load.state == "done":
        return _repeated(project, load, file_format)
    try:
        return _load(project, entity, path, mode, file_format, load, actor, progress)
    except CampanileError as error:
        project.store.loads.fail(load.id, reason=error.message)
        raise


def _load(
    project: Project,
    entity: Entity,
    path: Path,
    mode: LoadMode,
    file_format: FileFormat,
    load: Load,
    actor: str,
    progress: Callable[[int], None],
) -> Loaded:
    delimited = read_delimited(path, file_format)
    headers, ignored = _match_header(entity, delimited.header, path)
    current = project.store.entities.current([entity.name]).get(entity.name)
    source = ParquetFiles(tuple(current.paths), pinned=True) if current else None
    with open_staging(project.lake) as staging:
        _stage(staging, delimited, progress)
        staging.type_rows(entity, headers, project.timezone.key)
        apply = merge_rows if mode == "upsert" else remove_rows
        changes = apply(staging, entity, headers, source)
        rejects_path, reasons = _quarantine(project, staging, entity.name, load)
        consents = 0
        if mode == "upsert":
            consents = record_consents(project, staging.session, entity, load.load_key)
        version = _write(project, staging, entity, current.version if current else 0, load)
        rejected = sum(reasons.values())
        published = project.store.loads.commit(
            load.id,
            version,
            counts={**asdict(changes), "rejected": rejected},
            by=actor,
            rejects_path=str(rejects_path) if rejects_path else None,
        )
    return Loaded(
        entity=entity.name,
        version=published.version,
        rows=published.rows,
        changes=changes,
        rejected=rejected,
        rejects_path=rejects_path,
        format=file_format.found,
        ignored_columns=ignored,
        consents=consents,
        reasons=reasons,
    )


def _loaded_entity(project: Project, name: str) -> Entity:
    entity = project.catalog.entities.get(name)
    if entity is None:
        loaded = sorted(n for n, e in project.catalog.entities.items() if e.source.kind == "loaded")
        known = ", ".join(loaded) or "none"
        raise Refused(f"there is no entity '{name}'.", remedy=f"Files can be loaded into: {known}.")
    if entity.source.kind != "loaded":
        raise Refused(
            f"entity '{name}' is read from its source; it is not loaded.",
            remedy="Only entities with `source: {loaded: true}` take files.",
        )
    return entity


def _match_header(
    entity: Entity, header: list[str], path: Path
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Which header holds which column (by name or `as`), and the headers nobody asked for."""
    by_lower = {name.lower(): name for name in header}
    wanted = {name: (column.header or name).lower() for name, column in entity.columns.items()}
    found = {name: by_lower[lower] for name, lower in wanted.items() if lower in by_lower}
    missing = [name for name in entity.key if name not in found]
    if missing:
        raise DataError(
            f"{path}:1: the key column '{missing[0]}' of entity '{entity.name}' is not in the "
            f"header, which has: {', '.join(header)}.",
            remedy="Rename the column, name the delimiter (--delimiter), or use `as:`.",
        )
    return found, tuple(name for name in header if name not in found.values())


def _stage(staging: Staging, delimited: DelimitedFile, progress: Callable[[int], None]) -> None:
    """Take the file block by block; what is no row at all is rejected at once."""
    staging.open(delimited.header)
    read = 0
    for block in delimited.blocks:
        read += staging.take_block(block, delimited.delimiter)
        progress(read)


def _quarantine(
    project: Project, staging: Staging, entity: str, load: Load
) -> tuple[Path | None, dict[str, int]]:
    """Write the rejected rows beside the lake; returns the file and how many had which reason."""
    rejects = staging.rejects()
    if not rejects:
        return None, {}
    path = project.quarantine / entity / f"{load.id}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    reasons: dict[str, int] = {}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "reason", "row"))
        for line, reason, text in rejects:
            writer.writerow((line, reason, text))
            reasons[reason] = reasons.get(reason, 0) + 1
    return path, reasons


def _write(
    project: Project, staging: Staging, entity: Entity, expected: int, load: Load
) -> NewEntityVersion:
    """Write the merged rows as the version after `expected`, which is not published yet."""
    directory = project.lake.data_directory(entity.name, expected + 1)
    written = staging.session.write(merged_rows(entity), directory)
    return NewEntityVersion(
        entity=entity.name,
        expected=expected,
        paths=[str(written.path)],
        rows=written.rows,
        schema={name: type_.value for name, type_ in written.schema.items()},
        load_key=load.load_key,
    )


def _repeated(project: Project, load: Load, file_format: FileFormat) -> Loaded:
    current = project.store.entities.current([load.entity])[load.entity]
    return Loaded(
        entity=load.entity,
        version=current.version,
        rows=current.rows,
        changes=Changes(),
        rejected=load.counts.get("rejected", 0),
        rejects_path=Path(load.rejects_path) if load.rejects_path else None,
        format=file_format.found,
        repeated=True,
    )


def _digest(path: Path) -> str:
    digest = blake2b(digest_size=32)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
