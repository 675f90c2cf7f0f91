"""Files of a project, brought into their one layout."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Final

from campanile.campaigns.definitions import SETTINGS_FILE
from campanile.campaigns.file_layout import formatted
from campanile.campaigns.schema import FileKind
from campanile.errors import Fault, FaultsFound, Place, Refused
from campanile.operations.authoring.chosen_files import project_above

_SUFFIXES = (".yaml", ".yml")
_BY_FOLDER: Final[Mapping[str, FileKind]] = {
    "campaigns": "campaign",
    "catalog": "catalog",
    "filters": "filter",
    "distributions": "distribution",
}


@dataclass(frozen=True)
class Layout:
    """A file before and after; `shown` is its path as a person named it."""

    file: Path
    shown: str
    before: str
    after: str

    @property
    def is_changed(self) -> bool:
        """Whether the file is not in its layout."""
        return self.before != self.after

    def diff(self) -> str:
        """The change as a unified diff; empty when there is none."""
        before, after = self.before.splitlines(keepends=True), self.after.splitlines(keepends=True)
        lines = unified_diff(before, after, self.shown, self.shown)
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def write(self) -> None:
        """Put the layout in the file's place, whole or not at all; its mode stays.

        Raises Refused when the file cannot be written, or was changed meanwhile.
        """
        target = self.file.resolve()
        try:
            if target.read_bytes().decode("utf-8") != self.before:
                raise Refused(f"{self.shown}: it was changed meanwhile.", remedy="Format it again.")
            _replace(target, self.after.encode("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise Refused(f"{self.shown}: it cannot be written: {reason}.") from error


def layouts(paths: Iterable[Path]) -> Iterator[Layout | FaultsFound]:
    """The layout of each file named, or of the project's files in a folder; or what hinders it.

    Raises Refused for a path where there is nothing to format.
    """
    chosen = {file.resolve(): file for path in paths for file in _files_at(path)}
    for file in chosen.values():
        try:
            yield layout_of(file)
        except FaultsFound as found:
            yield found


def layout_of(file: Path) -> Layout:
    """The layout of one file; raises FaultsFound where it cannot be read."""
    try:
        content = file.read_bytes()
    except OSError as error:
        text = f"it cannot be read: {error.strerror}."
        raise FaultsFound([Fault(Place(str(file)), text)]) from error
    return layout_of_text(file, content)


def layout_of_text(file: Path, content: bytes) -> Layout:
    """The layout of what is, or will be, in `file`; raises FaultsFound where it cannot be read."""
    try:
        before = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = Place(str(file), line, 1)
        raise FaultsFound([Fault(place, "the file is not UTF-8.", "Save it as UTF-8.")]) from error
    return Layout(file, str(file), before, formatted(before, str(file), kind_by_place(file)))


def kind_by_place(file: Path) -> FileKind | None:
    """Which kind of file stands at this place of a project; None outside of one."""
    folder = project_above(file.parent)
    parts = file.resolve().relative_to(folder).parts if folder else ()
    if parts == (SETTINGS_FILE,):
        return "project"
    if len(parts) == 1 and Path(parts[0]).stem == "channels":
        return "channels"
    return _BY_FOLDER.get(parts[0]) if len(parts) > 1 else None


def _files_at(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise Refused(f"{path}: there is no such file or folder.")
    files = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix in _SUFFIXES and not _is_hidden(file.relative_to(path)) and file.is_file()
        if kind_by_place(file) is not None
    ]
    if not files:
        remedy = "Name a file, or a folder with a project."
        raise Refused(f"{path}: no file of a project is there.", remedy=remedy)
    return files


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _replace(target: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(stream.fileno(), target.stat().st_mode & 0o7777)
            os.fsync(stream.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
