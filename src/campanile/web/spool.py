"""The spool: a local file that keeps events while the store cannot, and gives them back later."""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_LOGGER = logging.getLogger("campanile.web")
_PART = 1_000  # lines given back in one call


class Spool:
    """Lines in a folder, appended durably by any number of processes and replayed by any one.

    A line that was given back may be given back again after a crash, so what receives it must bear
    repetition.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "spool.jsonl"

    def append(self, lines: Sequence[str]) -> None:
        """Add `lines` (without line ends) and return once they are on disk."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked_current() as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
            file.flush()
            os.fsync(file.fileno())

    def is_empty(self) -> bool:
        """Whether there is nothing to replay."""
        return not any(True for _ in self._folder.glob("spool*.jsonl"))

    def replay(self, take: Callable[[Sequence[str]], None]) -> int:
        """Give every kept line to `take`, in parts; forget a file once all of it was taken.

        What `take` raises ends the replay; the lines stay for the next one.
        """
        self._set_aside()
        return sum(self._replay_file(path, take) for path in sorted(self._folder.glob("spool-*")))

    def _replay_file(self, path: Path, take: Callable[[Sequence[str]], None]) -> int:
        try:
            file = path.open("rb")
        except FileNotFoundError:  # another process has just finished it
            return 0
        with file:
            if not _try_lock(file) or not path.exists():
                return 0
            lines = file.read().decode("utf-8", "replace").split("\n")
            if lines.pop():
                _LOGGER.warning("a spooled line was cut off by a crash; its event is dropped")
            for start in range(0, len(lines), _PART):
                take(lines[start : start + _PART])
            path.unlink()
            return len(lines)

    def _set_aside(self) -> None:
        """Rename the current file, so that new lines go to a new one while it is replayed."""
        if not self._path.exists():
            return
        with self._locked_current() as file:
            number = os.fstat(file.fileno()).st_ino
            self._path.rename(self._folder / f"spool-{os.getpid()}-{number}.jsonl")

    @contextmanager
    def _locked_current(self) -> Iterator[BinaryIO]:
        """The current file under an exclusive lock; reopened if it was set aside meanwhile."""
        while True:
            with self._path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if self._is_current(file):
                    yield file
                    return

    def _is_current(self, file: BinaryIO) -> bool:
        try:
            return os.fstat(file.fileno()).st_ino == self._path.stat().st_ino
        except FileNotFoundError:
            return False


def _try_lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
