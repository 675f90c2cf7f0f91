"""Where a file is, as campaigns write it: `connection://folder/name`, or the project's own path."""

import re
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, WithJsonSchema

from campanile.activities.values import Text, fault
from campanile.catalog.names import NAME_PATTERN, fault_in_name

_WRITTEN = re.compile(rf"(?:(?P<connection>{NAME_PATTERN})://)?(?P<path>.*)", re.DOTALL)
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_GLOB = re.compile(r"[*?\[]")
_LONGEST: Final = 1000


@dataclass(frozen=True)
class FilePath:
    """A path below the root of a connection (None: the project's own folder for files)."""

    connection: str | None
    path: str

    def __str__(self) -> str:
        return f"{self.connection}://{self.path}" if self.connection else self.path

    @property
    def is_glob(self) -> bool:
        """Whether the name is a pattern for several files."""
        return bool(_GLOB.search(self.path.rpartition("/")[2]))

    @property
    def is_folder(self) -> bool:
        """Whether files keep their names below it: it ends with a stroke, or is the root."""
        return self.path == "" or self.path.endswith("/")

    def child(self, name: str) -> "FilePath":
        """The file `name` in this folder."""
        return FilePath(self.connection, f"{self.path}{name}")


def read_file_path(text: str) -> FilePath:
    """Read `connection://path` or `path`, rendered already; raises ValueError saying what is wrong.

    Nothing leads out of the root: no `..`, no leading stroke, no backslash, no control characters.
    """
    found = _WRITTEN.fullmatch(text)
    assert found is not None
    path = found["path"]
    if wrong := _fault_in_path(path):
        raise ValueError(f"`{text}` {wrong}")
    return FilePath(found["connection"], path)


def _fault_in_path(path: str) -> str:
    *folders, name = path.split("/")
    if "://" in path:
        return "names no connection before `://`: one of campanile.yaml stands there."
    if path.startswith("/"):
        return "begins with a stroke; paths begin below the connection's root."
    if any(part in ("..", ".") for part in (*folders, name)):
        return "leads through `..` or `.`; paths only go down."
    if any(not part for part in folders):
        return "has two strokes side by side."
    if re.search(r"[\x00-\x1f\x7f\\]", path):
        return "has a backslash or a control character."
    if any(_GLOB.search(folder) for folder in folders):
        return "has a pattern in a folder; `*`, `?` and `[…]` stand in the last part only."
    if len(path) > _LONGEST:
        return f"has more than {_LONGEST} characters."
    return ""


def _require_path(written: str) -> str:
    """Check a path as far as it is known before its templates are filled in."""
    plain = _TEMPLATE.sub("x", written)
    scheme, separator, _ = plain.partition("://")
    if separator and fault_in_name(scheme):
        fault("file", f"`{scheme}` is not the name of a connection.")
    try:
        read_file_path(plain)
    except ValueError:
        try:
            read_file_path(written)
        except ValueError as error:
            fault("file", str(error))
    return written


FilePathText = Annotated[
    Text,
    AfterValidator(_require_path),
    WithJsonSchema({"type": "string", "examples": ["shop_sftp://outbox/leads-*.csv"]}),
]


def connection_in(written: str) -> str | None:
    """The connection that a written path names; None for the project's own folder."""
    found = _WRITTEN.fullmatch(written)
    return found["connection"] if found else None
