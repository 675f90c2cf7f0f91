"""The record of the truthful sink: a line for each message that it accepted, before it says so."""

import json
import os
import re
import time
from collections.abc import Sequence
from typing import Any, Final

from campanile.channels.sink_settings import SinkSettings

_MESSAGE_ID: Final = re.compile(rb"^Message-ID:[ \t\r\n]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


class Recorder:
    """Appends one JSON line per acceptance, each with a single write before the answer."""

    def __init__(self, settings: SinkSettings) -> None:
        self._store = settings.store
        if self._store is not None:
            self._store.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._file = os.open(settings.record, flags, 0o644)
        self._prefix = f"{time.time_ns():x}"
        self.accepted = 0

    def accept(self, session: int, mail_from: str, rcpts: Sequence[str], body: bytes) -> None:
        """Store and record one message, as it came from DATA; it is accepted when this returns."""
        self.accepted += 1
        found = _MESSAGE_ID.search(body, 0, 8192)
        row: dict[str, Any] = {
            "at": time.time(),
            "session": session,
            "mail_from": mail_from,
            "rcpt": list(rcpts),
            "message_id": found.group(1).decode("utf-8", "replace").strip() if found else "",
            "bytes": len(body),
        }
        if self._store is not None:
            name = f"{self._prefix}-{self.accepted:08d}.eml"
            unfinished = self._store / f".{name}.part"
            unfinished.write_bytes(_unstuffed(body))
            unfinished.rename(self._store / name)
            row["file"] = name
        os.write(self._file, (json.dumps(row) + "\n").encode())

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _unstuffed(body: bytes) -> bytes:
    if b"\r\n.." in body:
        body = body.replace(b"\r\n..", b"\r\n.")
    return body[1:] if body.startswith(b"..") else body
