"""The send sequence outside the database: how an old copy of the store is recognised."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_NAME: Final = "sending.sequence"
_WIDTH: Final = 20


class SequenceFile:
    """A number in a file of the state folder, raised after every claim by all processes.

    The ledger commits first, so the file is never ahead of it, unless the ledger was put back to an
    earlier day. Restore this folder together with the store, and nothing is noticed: keep it out of
    the store's backup.
    """

    def __init__(self, state_folder: Path) -> None:
        state_folder.mkdir(parents=True, exist_ok=True)
        self._path = state_folder / _NAME

    def read(self) -> int:
        """The highest sequence ever written; 0 without a file."""
        with suppress(FileNotFoundError, ValueError):
            return int(self._path.read_text())
        return 0

    def raise_to(self, sequence: int) -> None:
        """Write `sequence` unless the file knows a higher one."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            known = os.pread(file, _WIDTH, 0).strip()
            if not known.isdigit() or int(known) < sequence:
                os.pwrite(file, f"{sequence:>{_WIDTH}}".encode(), 0)
        finally:
            os.close(file)
