"""Restore: a backup put back, whole or not at all, and disarmed until somebody has looked."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from campanile.errors import ConfigurationError, EngineError, Refused
from campanile.operations.keeping.archive import Archive, read_archive
from campanile.operations.keeping.backup import KEYS, LAKE, PROJECT, SPOOL, STORE
from campanile.operations.keeping.moved_files import move_paths
from campanile.operations.keeping.store_copies import DUMP, load_dump, require_empty
from campanile.operations.sending.sequence_file import SequenceFile
from campanile.store.revisions import require_fit
from campanile.store.sending import SendingControl
from campanile.store.store import Store

_STATE: Final = Path("dagster_home") / "campanile"


@dataclass(frozen=True)
class Restored:
    """What was put back.

    `gap`: messages at least that left after the backup was made, as far as this folder knows; None
    where it never sent before, so that nobody here can know.
    """

    folder: Path
    facts: Mapping[str, Any]
    files: int
    kept: tuple[str, ...]  # project files that were there and differ
    gap: int | None


def restore(
    source: Path,
    folder: Path,
    *,
    locate: Callable[[Path], Path | str],
    actor: str,
    now: datetime,
) -> Restored:
    """Put a backup back into `folder`: a new one, or a project whose store is gone.

    `locate` tells where the store of a project folder is, by its settings. The archive is read to
    its end before anything is written; what is there stays: project files, keys, the count of what
    was sent from here. The store comes last. Raises Refused or ConfigurationError when something
    stands in the way, and then no store was made.
    """
    archive = read_archive(source)
    for area, revision in archive.facts["revisions"].items():
        require_fit(area, revision, older=True)
    state = folder / _STATE
    try:
        kept = _put_files(archive, folder, PROJECT, folder)
        location = locate(folder)
        _require_same_kind(archive, location)
        require_empty(location)
        differing = _put_files(archive, folder, LAKE, state / "lake")
        if differing:
            raise Refused(
                f"{len(differing)} files of the lake have the same name and other contents.",
                remedy=f"Move the old one away: mv {state / 'lake'} {state / 'lake'}.before",
            )
        _put_files(archive, folder, SPOOL, state / "tracking" / "spool")
        _put_keys(archive, state / "keys.json")
        known = SequenceFile(state).read()
        gap = max(0, known - int(archive.facts["sequence"])) if known else None
        _put_store(archive, state, location, actor, now, gap)
    except OSError as error:
        raise EngineError(
            f"{folder} cannot be written: {error.strerror or error}.",
            remedy="No store was put back; make room and say it again.",
        ) from error
    return Restored(folder, archive.facts, len(archive.members), tuple(kept), gap)


def _put_files(archive: Archive, folder: Path, prefix: str, target: Path) -> list[str]:
    """Write the members below `prefix` that are not there; returns those that are and differ."""
    differing: list[str] = []
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=_made(folder)) as place:

        def where(name: str) -> Path | None:
            return Path(place) / name if name.startswith(prefix) else None

        archive.extract(where)
        for written in sorted(path for path in Path(place).rglob("*") if path.is_file()):
            final = target / written.relative_to(Path(place) / prefix)
            if not final.exists():
                _made(final.parent)
                written.rename(final)
            elif _digest(final) != _digest(written):
                differing.append(str(final))
    return differing


def _put_keys(archive: Archive, path: Path) -> None:
    """Write the keys, or add them to those that are there: each of them has links to keep alive."""
    found = json.loads(archive.read(KEYS))
    if path.exists():
        there = json.loads(path.read_text())
        for kid, secret in found["keys"].items():
            if there["keys"].setdefault(kid, secret) != secret:
                raise Refused(
                    f"{path} has another key {kid} than the backup; nothing was changed.",
                    remedy="It belongs to another project: move it away, or restore elsewhere.",
                )
        found = there
    _made(path.parent)
    temporary = path.with_name(f".{path.name}.restored")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(found, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _put_store(
    archive: Archive, state: Path, location: Path | str, actor: str, now: datetime, gap: int | None
) -> None:
    """Disarm before anybody can open it: in the copy, or in the transaction that loads it."""
    reason = _reason(archive)
    lake = (Path(archive.facts["lake"]), state / "lake")
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=_made(state)) as place:
        copy = Path(place) / "store"
        archive.extract(lambda n: Path(place) / n if n.startswith(STORE) else None)
        if isinstance(location, Path):
            _finish(copy, lake, actor, now, reason, gap)
            if location.exists():
                location.rmdir()  # empty, as was asked before
            _made(location.parent)
            copy.rename(location)
        else:
            load_dump(copy / DUMP, location, _disarming(reason))
            _finish(location, lake, actor, now, reason, gap)


def _finish(
    location: Path | str,
    lake: tuple[Path, Path],
    actor: str,
    now: datetime,
    reason: str,
    gap: int | None,
) -> None:
    """Disarm, forget the Dagster instance, and name files where they are now."""
    store = Store.open(location, lambda: now)
    try:
        SendingControl(store.databases["ledger"]).disarm(reason, now)
        move_paths(store.databases["control"], *lake)
        store.project.forget_dagster()
        store.audit.record(actor, "restore", "project", gap=gap)
    finally:
        store.close()
    if isinstance(location, Path):
        for beside in location.glob("*.sqlite-*"):
            beside.unlink()  # empty: the last connection wrote everything into its file


def _reason(archive: Archive) -> str:
    made = datetime.fromisoformat(archive.facts["made_at"])
    return (
        f"restored from a backup of {made:%Y-%m-%d %H:%M} UTC; what was sent after it is not in it"
    )


def _disarming(reason: str) -> str:
    quoted = reason.replace("'", "''")
    return f"UPDATE public.sending_control SET armed = false, reason = '{quoted}';"  # noqa: S608


def _require_same_kind(archive: Archive, location: Path | str) -> None:
    there = "sqlite" if isinstance(location, Path) else "postgresql"
    if archive.facts["store"] != there:
        raise ConfigurationError(
            f"the backup is of a store on {archive.facts['store']}, the settings name one on "
            f"{there}.",
            remedy="Change store.location in campanile.yaml; no store was put back.",
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
