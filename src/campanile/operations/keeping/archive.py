"""A backup's file: one tar whose last member lists all others with their size and SHA-256.

A file that was cut off has no such list, one that was changed does not agree with it: both are
refused before anything is written anywhere.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, cast

from campanile.errors import EngineError, Refused

FORMAT: Final = 1
_LIST: Final = "backup.json"
_CHUNK: Final = 1 << 20
_PRODUCT: Final = "campanile"


@dataclass
class Writer:
    """An archive that is being written."""

    _tar: tarfile.TarFile
    _members: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The members so far."""
        return list(self._members)

    def add_file(self, name: str, path: Path) -> None:
        """Add a file that nobody changes any more; raises FileNotFoundError when it is gone."""
        with path.open("rb") as file:
            self._add(name, file, os.fstat(file.fileno()).st_size)

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a small file."""
        self._add(name, io.BytesIO(content), len(content))

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        hashed = _Hashing(file)
        self._tar.addfile(info, cast("IO[bytes]", hashed))  # it only reads
        self._members[name] = (size, hashed.digest.hexdigest())

    def _finish(self, facts: Mapping[str, Any]) -> None:
        listed = {"product": _PRODUCT, "format": FORMAT, "facts": facts, "members": self._members}
        self.add_bytes(_LIST, json.dumps(listed, indent=1).encode())


@dataclass(frozen=True)
class Archive:
    """An archive that was read from end to end and agrees with its list."""

    path: Path
    facts: Mapping[str, Any]
    members: Mapping[str, int]  # name -> bytes

    def extract(self, place: Callable[[str], Path | None]) -> None:
        """Write members, readable for the owner only, where `place` says; None leaves one out."""
        with _reading(self.path) as tar:
            for info in tar:
                target = None if info.name == _LIST else place(info.name)
                if target is not None:
                    _write(tar, info, target)

    def read(self, name: str) -> bytes:
        """The content of one small member."""
        with _reading(self.path) as tar:
            file = tar.extractfile(name)
            assert file is not None
            return file.read()


@contextmanager
def written_archive(target: Path, facts: Callable[[], Mapping[str, Any]]) -> Iterator[Writer]:
    """Write an archive that exists once it is complete and on disk, and never replaces another.

    `facts` is asked at the end. Raises Refused when there is a file of that name, EngineError when
    the disk is full or the folder cannot be written; nothing is left behind then.
    """
    if target.exists():
        raise Refused(f"{target} exists; nothing was written.", remedy="Choose another name.")
    partial = target.with_name(f".{target.name}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                writer = Writer(tar)
                yield writer
                writer._finish(facts())
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, target)  # unlike a rename it replaces nothing
        _force(target.parent)
    except FileExistsError:
        raise Refused(f"{target} exists by now; nothing was written.") from None
    except OSError as error:
        raise EngineError(
            f"the backup {target} cannot be written: {error.strerror or error}.",
            remedy="Nothing is left of it; choose another place or make room.",
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def read_archive(path: Path) -> Archive:
    """Read an archive from end to end; raises Refused unless it is whole and one of ours."""
    found: dict[str, tuple[int, str]] = {}
    listed: Any = None
    try:
        with _reading(path) as tar:
            for info in tar:
                _require_plain(path, info)
                file = tar.extractfile(info)
                assert file is not None
                if info.name == _LIST:
                    listed = json.loads(file.read())
                else:
                    hashed = _Hashing(file)
                    while hashed.read(_CHUNK):
                        pass
                    found[info.name] = (info.size, hashed.digest.hexdigest())
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise _foreign(path, "it cannot be read to its end") from error
    if not isinstance(listed, dict) or listed.get("product") != _PRODUCT:
        raise _foreign(path, "its list of contents is missing: it is cut off, or of another kind")
    if listed.get("format") != FORMAT:
        raise _foreign(path, f"its format is {listed.get('format')}, this version reads {FORMAT}")
    if {name: list(one) for name, one in found.items()} != listed["members"]:
        raise _foreign(path, "its contents do not agree with its list: it was damaged or changed")
    return Archive(path, listed["facts"], {name: size for name, (size, _) in found.items()})


class _Hashing:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        found = self._file.read(size)
        self.digest.update(found)
        return found


def _foreign(path: Path, why: str) -> Refused:
    return Refused(
        f"{path} is not a whole backup of Campanile: {why}.",
        remedy="Nothing was changed; take another copy.",
    )


@contextmanager
def _reading(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except tarfile.ReadError as error:
        raise _foreign(path, "it is no tar file, or cut off") from error
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror or error}.") from error


def _require_plain(path: Path, info: tarfile.TarInfo) -> None:
    """Only files, and none that would be written outside its folder."""
    name = PurePosixPath(info.name)
    if not info.isreg() or name.is_absolute() or ".." in name.parts or not name.parts:
        raise _foreign(path, "it holds something that no backup holds")


def _write(tar: tarfile.TarFile, info: tarfile.TarInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    file = tar.extractfile(info)
    assert file is not None
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as written:
        while chunk := file.read(_CHUNK):
            written.write(chunk)
        written.flush()
        os.fsync(written.fileno())


def _force(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
