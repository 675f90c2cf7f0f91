"""Backup: everything that cannot be made again, in one file, while the project goes on."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from campanile.campaigns.definitions import SETTINGS_FILE
from campanile.errors import EngineError, Refused
from campanile.operations.keeping.archive import written_archive
from campanile.operations.keeping.store_copies import copy_store, store_bytes
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.campaign_tables import manifest
from campanile.store.control_tables import audience_version, entity_version
from campanile.store.revisions import revisions

SUFFIX: Final = ".campanile.tar"
PROJECT, STORE, LAKE, SPOOL, KEYS = "project/", "store/", "lake/", "spool/", "keys.json"
_NAMED: Final = ("data", "work", "audience")  # of these, only what the store names
_PASSING: Final = ("tmp",)
_LEFT_OUT: Final = ("dagster_home", "__pycache__", "node_modules")


@dataclass(frozen=True)
class BackedUp:
    """A finished backup; `missing` are files the store names and the lake does not have."""

    path: Path
    bytes: int
    files: int
    missing: int
    facts: dict[str, Any]


@requires(Right.ADMINISTER)
def back_up(project: Project, target: Path, *, actor: str) -> BackedUp:
    """Write a backup to the file `target`, or under a name of its own into the folder `target`.

    The store is copied first and the files it names after it, so none of them is younger than
    the store. Readable for the owner only: it holds keys and addresses. Raises Refused when the
    file exists, EngineError when there is no room.
    """
    now = project.clock()
    path = target / _name(project, now) if target.is_dir() else target
    if not path.parent.is_dir():
        raise Refused(f"there is no folder {path.parent}; nothing was written.")
    before = named_files(project)
    _require_room(project, path, before)
    facts = _facts(project, now)
    missing = 0
    with (
        written_archive(path, lambda: {**facts, "missing": missing}) as archive,
        tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as place,
    ):
        for copy in copy_store(project.store, Path(place)):
            archive.add_file(STORE + copy.name, copy)
            copy.unlink()
        for file in sorted(before | named_files(project) | _other_lake_files(project)):
            try:
                archive.add_file(LAKE + file.relative_to(project.warehouse.root).as_posix(), file)
            except FileNotFoundError:
                missing += 1
        for name, spooled in _spooled(project):
            archive.add_bytes(name, spooled)
        archive.add_bytes(KEYS, _keys(project))
        for source in project_files(project.folder):
            name = PROJECT + source.relative_to(project.folder).as_posix()
            archive.add_bytes(name, source.read_bytes())
        files = len(archive.names)
    size = path.stat().st_size
    project.store.audit.record(actor, "backup", "project", bytes=size, files=files)
    return BackedUp(path, size, files, missing, facts)


def named_files(project: Project) -> set[Path]:
    """Every file that a row of the store names."""
    tables = (entity_version.c.paths, audience_version.c.paths)
    with project.store.databases["control"].read() as connection:
        found = {path for column in tables for row in connection.scalars(select(column))
                 for path in row}  # fmt: skip
        working = select(manifest.c.path).where(manifest.c.path.is_not(None))
        found |= set(connection.scalars(working))
    root = project.warehouse.root
    return {Path(path) for path in found if Path(path).is_relative_to(root)}


def project_files(folder: Path) -> Iterator[Path]:
    """The files people wrote: settings, catalog, campaigns, templates; no state, nothing hidden."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part in _LEFT_OUT for part in parts)
        if not hidden and path.is_file() and _is_definition(parts):
            yield path


def _is_definition(parts: tuple[str, ...]) -> bool:
    """A settings file in the root, or anything in a folder that is not data put beside it."""
    if len(parts) == 1:
        return parts[0] == SETTINGS_FILE or parts[0].endswith((".yaml", ".yml"))
    return not parts[-1].endswith((".csv", ".parquet", ".duckdb", ".sqlite", ".tar"))


def _name(project: Project, now: datetime) -> str:
    return f"{project.name}-{now:%Y-%m-%dT%H-%M-%S}{SUFFIX}"


def _facts(project: Project, now: datetime) -> dict[str, Any]:
    control = project.store.databases["control"]
    identity = project.store.project.identity()
    return {
        "project": project.name,
        "environment": project.environment,
        "identity": identity.identity if identity else None,
        "made_at": now.isoformat(),
        "made_by": version("campanile"),
        "store": "sqlite" if control.is_sqlite else "postgresql",
        "revisions": revisions(project.store.databases),
        "lake": str(project.warehouse.root),
        "sequence": project.store.sending.state().sequence,
        "keys": sorted(project.keys.to_text()),
    }


def _require_room(project: Project, path: Path, files: set[Path]) -> None:
    """The archive and one copy of the store lie there at the same time."""
    lake = sum(file.stat().st_size for file in files if file.exists())
    needed = lake + 2 * store_bytes(project.store)
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise EngineError(
            f"the backup needs about {needed / 1e6:,.0f} MB, {path.parent} has {free / 1e6:,.0f}.",
            remedy="Nothing was written; choose another place or make room.",
        )


def _other_lake_files(project: Project) -> set[Path]:
    """Copies of feedback and the like: small, named in pins, and purged by themselves."""
    root = project.warehouse.root
    folders = root.iterdir() if root.exists() else ()
    others = (f for f in folders if f.is_dir() and f.name not in (*_NAMED, *_PASSING))
    return {file for folder in others for file in folder.rglob("*") if file.is_file()}


def _spooled(project: Project) -> Iterator[tuple[str, bytes]]:
    """Events and opt-outs that were answered and are not in the store yet."""
    for path in sorted((project.state / "tracking" / "spool").glob("spool*.jsonl")):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue  # given to the store in this moment, after its copy: once more does no harm
        yield SPOOL + path.name, content


def _keys(project: Project) -> bytes:
    keys = {"current": project.keys.current, "keys": project.keys.to_text()}
    return json.dumps(keys).encode()
