"""The journal: what a sending process knows that the ledger does not know yet, in one file.

A record is written right after the provider's answer, so that a killed process leaves in doubt only
the messages whose answer was under way. The lock on the file says whether its process lives.
"""

import fcntl
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, get_args

from campanile.deliveries.messages import Reply, ReplyStatus
from campanile.errors import EngineError

SYNC_SECONDS: Final = 0.05
_MAGIC: Final = b"CMPNJRN1"
# kind, ordinal, attempt, code, enhanced code (three numbers), flags; then CRC-32 of these.
_FACTS: Final = struct.Struct("<BIHHBHHB")
_CRC: Final = struct.Struct("<I")
_RECORD_BYTES: Final = _FACTS.size + _CRC.size
_INTENT: Final = 255
_LARGEST: Final = 65_535
_KINDS: Final[tuple[ReplyStatus, ...]] = get_args(ReplyStatus)
_SUPPRESS, _PAUSE = 1, 2


def journal_path(folder: Path, owner: str) -> Path:
    """Where the journal of `owner` lies."""
    return folder / f"{owner}.journal"


class Journal:
    """The journal of this process; safe to write from several threads."""

    def __init__(self, folder: Path, owner: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = journal_path(folder, owner)
        self._file = _open_locked(self.path)
        os.write(self._file, _MAGIC)
        self._is_dirty = threading.Event()
        self._is_closed = threading.Event()
        self._syncing = threading.Thread(target=self._sync, name="journal-sync", daemon=True)
        self._syncing.start()

    def intend(self, ordinal: int, attempt: int) -> None:
        """Write down that the body of a message is about to leave."""
        self._write(_FACTS.pack(_INTENT, ordinal, attempt, 0, 0, 0, 0, 0))

    def answer(self, reply: Reply) -> None:
        """Write down what became of a message."""
        flags = _SUPPRESS * reply.suppress | _PAUSE * reply.pause
        enhanced = _split_enhanced(reply.enhanced)
        kind = _KINDS.index(reply.status)
        code = reply.code if 0 <= reply.code <= _LARGEST else 0
        self._write(_FACTS.pack(kind, reply.ordinal, reply.attempt, code, *enhanced, flags))

    @property
    def is_closed(self) -> bool:
        """Whether the lock was given up."""
        return self._is_closed.is_set()

    def close(self, *, remove: bool) -> None:
        """Give the lock up; `remove` when the ledger knows everything that is in here."""
        self._is_closed.set()
        self._is_dirty.set()
        self._syncing.join()
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._file)

    def _write(self, facts: bytes) -> None:
        # One write call with O_APPEND: records of several threads never mix.
        try:
            os.write(self._file, facts + _CRC.pack(zlib.crc32(facts)))
        except OSError as error:
            raise EngineError(
                f"the send journal cannot be written ({error.strerror}).",
                remedy="Make room on the disk of the state folder; then sending goes on by itself.",
            ) from error
        if not self._is_dirty.is_set():  # if it is, the next sync sees this record too
            self._is_dirty.set()

    def _sync(self) -> None:
        while not self._is_closed.is_set():
            self._is_dirty.wait()
            self._is_dirty.clear()
            os.fdatasync(self._file)
            self._is_closed.wait(SYNC_SECONDS)


@dataclass(frozen=True, slots=True)
class Record:
    """One record read back; `reply` is None for an intent."""

    ordinal: int
    attempt: int
    reply: Reply | None


def read_journal(path: Path) -> Iterator[Record]:
    """The records of a journal in order, up to the first that is torn."""
    data = path.read_bytes()
    if data[: len(_MAGIC)] != _MAGIC:
        return
    for at in range(len(_MAGIC), len(data) - _RECORD_BYTES + 1, _RECORD_BYTES):
        facts = data[at : at + _FACTS.size]
        if _CRC.unpack_from(data, at + _FACTS.size)[0] != zlib.crc32(facts):
            return
        yield _read(facts)


@contextmanager
def locked_if_dead(path: Path) -> Iterator[bool | None]:
    """Lock the journal of a dead process: True; False if it lives; None if there is none."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
            return
        yield False
    finally:
        os.close(file)


def _open_locked(path: Path) -> int:
    """Make a journal that is locked from its first moment as others see it."""
    while True:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        # Between the two calls, somebody may have taken it for the journal of a dead process.
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(file).st_ino:
                return file
        os.close(file)


def _read(facts: bytes) -> Record:
    kind, ordinal, attempt, code, *enhanced, flags = _FACTS.unpack(facts)
    if kind == _INTENT:
        return Record(ordinal, attempt, None)
    reply = Reply(
        ordinal=ordinal,
        attempt=attempt,
        status=_KINDS[kind],
        code=code,
        enhanced=".".join(map(str, enhanced)) if enhanced[0] else "",
        suppress=bool(flags & _SUPPRESS),
        pause=bool(flags & _PAUSE),
    )
    return Record(ordinal, attempt, reply)


@lru_cache(256)
def _split_enhanced(enhanced: str) -> tuple[int, int, int]:
    parts = enhanced.split(".")
    if len(parts) != 3 or not all(part.isdigit() and int(part) < 65_536 for part in parts):
        return 0, 0, 0
    return min(int(parts[0]), 255), int(parts[1]), int(parts[2])
