"""Which campaigns a person means by a file, a folder or a name."""

from collections.abc import Iterable
from pathlib import Path

from campanile.campaigns.definitions import CAMPAIGNS_FOLDER, SETTINGS_FILE, Definitions
from campanile.errors import Fault, FaultsFound, Refused


def project_above(path: Path) -> Path | None:
    """The project folder that holds `path`, found upwards; None when there is none."""
    here = path.resolve()
    for folder in (here, *here.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    return None


def campaigns_at(definitions: Definitions, paths: Iterable[str]) -> list[str]:
    """The campaigns in files, folders, or of names, in the order given, each once.

    Raises FaultsFound with the faults of all of them that cannot be read, Refused for a path that
    holds no campaign of the project.
    """
    names: list[str] = []
    faults: list[Fault] = []
    for path in paths:
        found, broken = _at(definitions, path)
        faults += [fault for one in broken for fault in one.faults]
        names += found
        if not found and not broken:
            raise Refused(
                f"{path}: no campaign of this project is there.",
                remedy=f"Campaign files lie below {definitions.folder / 'campaigns'}.",
            )
    if faults:
        raise FaultsFound(faults)
    return list(dict.fromkeys(names))


def _at(definitions: Definitions, path: str) -> tuple[list[str], list[FaultsFound]]:
    if path in definitions.campaigns and not Path(path).exists():
        return [path], []
    wanted = Path(path).resolve()
    names = [name for name, file in definitions.files.items() if _is_below(file, wanted)]
    broken = [
        faults
        for file, faults in definitions.broken.items()
        if _is_below(definitions.folder / file, wanted)
        or (Path(file).parts[0] == CAMPAIGNS_FOLDER and Path(file).stem == path)
    ]
    return names, broken


def _is_below(file: Path, wanted: Path) -> bool:
    return file.resolve().is_relative_to(wanted)
