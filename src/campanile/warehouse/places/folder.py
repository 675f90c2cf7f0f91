"""A folder of this machine as a place of files; symbolic links out of it do not exist for it."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from campanile.warehouse.durable import force
from campanile.warehouse.places.place import FoundFile, NoSuchFile, PlaceError, part_path


@dataclass(frozen=True)
class FolderPlace:
    """The files below `root`; `name` is what messages call it."""

    name: str
    root: Path

    def list(self, folder: str) -> list[FoundFile]:
        """The files directly in a folder."""
        with _troubles(self.name, folder):
            real = self._inside(folder)
            if not real.is_dir():
                return []
            found = (self._found(f"{folder}/{each.name}".lstrip("/")) for each in real.iterdir())
            return [file for file in found if file is not None]

    def find(self, path: str) -> FoundFile | None:
        """The file of that path, if there is one."""
        with _troubles(self.name, path):
            self._inside(path)
            return self._found(path)

    def fetch(self, path: str, local: Path) -> None:
        """Copy a file to a new local file."""
        with _troubles(self.name, path):
            real = self._inside(path)
            if self._found(path) is None:  # a pipe or a device would be read for ever
                raise FileNotFoundError(path)
            descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as source, local.open("xb") as copy:
                shutil.copyfileobj(source, copy)

    def put(self, local: Path, path: str, token: str, written: Callable[[], None]) -> None:
        """Let a file arrive: another name, forced to disk, then renamed."""
        with _troubles(self.name, path):
            final = self._inside(path)
            final.parent.mkdir(parents=True, exist_ok=True)
            part = self._inside(part_path(path, token))
            part.unlink(missing_ok=True)
            with local.open("rb") as source, part.open("xb") as copy:
                shutil.copyfileobj(source, copy)
            force(part)
        written()
        self.complete(path, token, 0)

    def complete(self, path: str, token: str, size: int) -> bool:  # noqa: ARG002
        """Give the finished file its name; it has it already when the other name is gone."""
        with _troubles(self.name, path):
            final, part = self._inside(path), self._inside(part_path(path, token))
            if part.exists():
                part.replace(final)
                force(final.parent)
        return True

    def delete(self, file: FoundFile) -> bool:
        """Delete the file if it is still the one that was found."""
        with _troubles(self.name, file.path):
            real = self._inside(file.path)
            if self._found(file.path) != file:
                return False
            real.unlink()
            return True

    def close(self) -> None:
        """Nothing is open."""

    def _inside(self, path: str) -> Path:
        """The real path; raises PlaceError when links lead out of the root."""
        root = self.root.resolve()
        real = (root / path).resolve()
        if not real.is_relative_to(root):
            raise PlaceError(
                f"{self.name}: `{path}` leads out of its folder.", remedy="Remove the link."
            )
        return real

    def _found(self, path: str) -> FoundFile | None:
        root = self.root.resolve()
        real = (root / path).resolve()
        if not real.is_relative_to(root) or not real.exists():
            return None
        facts = real.stat()
        if not stat.S_ISREG(facts.st_mode):
            return None
        return FoundFile(path, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))


@contextmanager
def _troubles(name: str, path: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NoSuchFile(f"{name}: there is no file `{path}`.") from error
    except OSError as error:
        raise PlaceError(f"{name}: `{path}`: {error.strerror}.") from error
    except RuntimeError as error:  # what pathlib says of links in a circle
        raise PlaceError(f"{name}: `{path}` is a link that leads nowhere.") from error
