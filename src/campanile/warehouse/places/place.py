"""Places where files lie: a folder of this machine, a server; all below a root, none outside it."""

import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from campanile.errors import CampanileError

PART_SUFFIX = ".part"


class PlaceError(CampanileError):
    """A folder or server of files did not do what was asked; another attempt may work."""


class NoSuchFile(PlaceError):
    """A file is not there, or not any more."""


@dataclass(frozen=True)
class FoundFile:
    """A file of a place; `path` leads to it from the root, `modified_at` is UTC."""

    path: str
    size: int
    modified_at: datetime

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


class Place(Protocol):
    """A tree of files; paths are relative to its root and were checked before they come here."""

    def list(self, folder: str) -> list[FoundFile]:
        """The files directly in a folder, none where there is no such folder."""

    def find(self, path: str) -> FoundFile | None:
        """The file of that path, if there is one."""

    def fetch(self, path: str, local: Path) -> None:
        """Copy a file to a new local file; raises NoSuchFile when it is not there."""

    def put(self, local: Path, path: str, token: str, written: Callable[[], None]) -> None:
        """Let a file arrive whole or not at all, in place of one of its name.

        It is written beside its path under a name made of `token`, then `written` is called, then
        it gets its name.
        """

    def complete(self, path: str, token: str, size: int) -> bool:
        """Finish a `put` that was cut off after `written`; False when it has to be done anew."""

    def delete(self, file: FoundFile) -> bool:
        """Delete the file if it is still the one that was found; says whether it did."""

    def close(self) -> None:
        """End connections."""


def matching(place: Place, path: str) -> list[FoundFile]:
    """The files that a path means, by name: one, those of a pattern, or all of a folder.

    Names that begin with a point are only found by a pattern that does, too.
    """
    folder, _, name = path.rpartition("/")
    if name and not any(sign in name for sign in "*?["):
        found = place.find(path)
        return [found] if found else []
    return sorted(_named(place.list(folder), name or "*"), key=lambda file: file.path)


def _named(files: Iterable[FoundFile], pattern: str) -> Iterable[FoundFile]:
    hidden = pattern.startswith(".")
    return (
        file
        for file in files
        if fnmatch.fnmatchcase(file.name, pattern) and file.name.startswith(".") == hidden
    )


def part_path(path: str, token: str) -> str:
    """Where a file lies until it is whole: in the same folder, under a name nobody looks for."""
    folder, separator, name = path.rpartition("/")
    return f"{folder}{separator}.{name}.{token}{PART_SUFFIX}"
