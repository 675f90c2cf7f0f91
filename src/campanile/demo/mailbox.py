"""What the inbox has received: read from the sink's record as it grows, and searched in memory."""

import json
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import Path
from typing import Final

_HEAD_BYTES: Final = 4096
_SUBJECT: Final = re.compile(rb"^Subject:[ \t]*((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.M)


@dataclass(frozen=True)
class Received:
    """One message in the inbox; `number` counts from 1 in the order of arrival."""

    number: int
    at: datetime
    to: str
    subject: str
    size: int
    file: str

    @property
    def searched(self) -> str:
        """What a search looks at."""
        return f"{self.to} {self.subject}".lower()


class Mailbox:
    """All messages in a sink's `record` and `store`; each `refresh` reads only what is new."""

    def __init__(self, record: Path, store: Path) -> None:
        self._record = record
        self._store = store
        self._offset = 0
        self._received: list[Received] = []
        self._searched: list[str] = []
        self._turn = threading.Lock()

    def __len__(self) -> int:
        return len(self._received)

    def refresh(self) -> int:
        """Read what came since the last time; returns how many messages there are.

        While somebody else is reading, it returns at once: a page never waits for thousands.
        """
        if self._turn.acquire(blocking=False):
            try:
                if self._record.exists():
                    self._read_on()
            finally:
                self._turn.release()
        return len(self._received)

    def find(self, text: str, start: int, count: int) -> tuple[list[Received], int]:
        """Return `count` messages from `start`, the newest first, and how many match `text`."""
        words = text.lower().split()
        places = range(len(self._received) - 1, -1, -1)
        if words:
            found = [n for n in places if all(word in self._searched[n] for word in words)]
        else:
            found = list(places)
        return [self._received[n] for n in found[start : start + count]], len(found)

    def get(self, number: int) -> Received | None:
        """One message by its number; None when there is none."""
        return self._received[number - 1] if 0 < number <= len(self._received) else None

    def source(self, received: Received) -> bytes:
        """The message as it was sent."""
        return (self._store / received.file).read_bytes()

    def _read_on(self) -> None:
        with self._record.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # being written: next time
                self._offset += len(line)
                self._add(json.loads(line))

    def _add(self, row: dict[str, object]) -> None:
        file = Path(str(row["file"])).name
        with (self._store / file).open("rb") as message:
            subject = _subject(message.read(_HEAD_BYTES))
        recipients = row["rcpt"]
        assert isinstance(recipients, list)
        received = Received(
            number=len(self._received) + 1,
            at=datetime.fromtimestamp(float(str(row["at"])), UTC),
            to=", ".join(recipients),
            subject=subject,
            size=int(str(row["bytes"])),
            file=file,
        )
        self._searched.append(received.searched)
        self._received.append(received)


def parse(source: bytes) -> EmailMessage:
    """Read a message with all its parts."""
    message = message_from_bytes(source, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    """The text of the "html" or the "plain" part; empty when there is none."""
    found = message.get_body((kind,))
    return str(found.get_content()) if found is not None else ""


def _subject(head: bytes) -> str:
    match = _SUBJECT.search(head)
    if match is None:
        return "(no subject)"
    written = match.group(1).replace(b"\r\n", b"").decode("utf-8", "replace")
    return str(make_header(decode_header(written))) if "=?" in written else written
