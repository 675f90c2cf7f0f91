"""The tables that Campanile keeps for Spark: folders of Parquet, by the places of the lake."""

import posixpath
import uuid
from hashlib import blake2b
from pathlib import Path
from typing import Any

import fsspec

from campanile.errors import ConfigurationError
from campanile.warehouse.failures import engine_errors

PREFIX = "spark:"  # of what the store keeps as a table's path
_WHOLE = "whole"  # a file beside a copy, written last: the name of the folder that is complete


class SparkTables:
    """Names and deletes folders below one place, which Spark writes to and we can reach.

    A folder is new for each write, so nothing is overwritten; what Spark left behind when it was
    cut off is named by nobody.
    """

    def __init__(self, tables: str, root: Path) -> None:
        self._tables = tables.rstrip("/")
        self._root = root

    def address(self, name: str) -> str:
        """Where Spark finds a table."""
        return f"{self._tables}/{name}".replace("s3://", "s3a://", 1)

    def place(self, directory: Path) -> str:
        """The folder for what belongs to a directory of the lake, or outside of it."""
        if directory.is_relative_to(self._root):
            return directory.relative_to(self._root).as_posix()
        return f"elsewhere{directory.as_posix()}"

    def new_name(self, directory: Path) -> str:
        """A folder that nobody has, for a table that is to be written to `directory`."""
        return f"{self.place(directory)}/part-{uuid.uuid4().hex}"

    def named(self, path: str) -> str:
        """The folder behind what the store keeps as a path: a table's, or that of a file's copy."""
        return path.removeprefix(PREFIX) if path.startswith(PREFIX) else self.copy_name(path)

    def copy_name(self, path: str) -> str:
        """The folder for copies of a file of the lake; files never change."""
        text = self.place(Path(path))
        return f"copies/{blake2b(text.encode(), digest_size=16).hexdigest()}"

    def whole_copy(self, copy: str) -> str | None:
        """The folder of a complete copy, if there is one."""
        files, place = self._reached(f"{copy}/{_WHOLE}")
        with engine_errors("looking for a table of Spark"):
            if not files.exists(place):
                return None
            return f"{copy}/{files.cat_file(place).decode()}"

    def declare_whole(self, copy: str, part: str) -> None:
        """Note which folder of a copy is complete."""
        files, place = self._reached(f"{copy}/{_WHOLE}")
        with engine_errors("keeping a table of Spark"):
            files.pipe_file(place, posixpath.basename(part).encode())

    def size(self, name: str) -> int:
        """Bytes of all files of a table."""
        files, place = self._reached(name)
        with engine_errors("looking at a table of Spark"):
            return int(files.du(place))

    def drop(self, name: str) -> None:
        """Delete a folder with all below it; one that is gone is no fault."""
        files, place = self._reached(name)
        with engine_errors("dropping a table of Spark"):
            if files.exists(place):
                files.rm(place, recursive=True)

    def _reached(self, name: str) -> tuple[Any, str]:
        try:
            files, place = fsspec.core.url_to_fs(f"{self._tables}/{name}")
        except (ImportError, ValueError) as error:
            raise ConfigurationError(
                f"the tables of Spark lie where no installed package reaches: {error}.",
                remedy="pip install 'campanile[files]' reads s3://; or name another place.",
            ) from error
        files.invalidate_cache()
        return files, place
