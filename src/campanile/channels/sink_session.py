"""One session of the truthful sink: what it takes, what it records, how it misbehaves."""

import asyncio
import json
import os
import re
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast

FaultKind = Literal[
    "refuse_sender",  # answer MAIL with `code`
    "refuse_rcpt",  # answer RCPT with `code`
    "refuse_data",  # answer the body with `code`; nothing is recorded
    "close_at_data",  # end the connection at DATA, before any body
    "drop_before_record",  # end the connection after the body, record nothing
    "drop_after_record",  # record, then end the connection without an answer
    "delay",  # wait `seconds` between the record and the answer
    "throttle",  # answer MAIL with `code` beyond `rate` messages a second
]

_MAIL: Final = re.compile(rb"MAIL FROM:\s*<([^>]*)>", re.IGNORECASE)
_RCPT: Final = re.compile(rb"RCPT TO:\s*<([^>]*)>", re.IGNORECASE)
_MESSAGE_ID: Final = re.compile(rb"^Message-ID:[ \t\r\n]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_END: Final = b"\r\n.\r\n"
_SHUTTING_DOWN: Final = 421
_LINE_LIMIT: Final = 4096


@dataclass
class Fault:
    """One misbehaviour for recipients that match `match`; `times` limits it, None does not."""

    kind: FaultKind
    match: str = ""
    code: int = 451
    text: str = "4.3.0 as told"
    seconds: float = 0.0
    rate: float = 0.0
    times: int | None = None

    def applies(self, address: str) -> bool:
        """Whether the fault happens now; counts down `times`."""
        if self.times == 0 or not re.search(self.match, address):
            return False
        if self.times is not None:
            self.times -= 1
        return True

    @property
    def reply(self) -> bytes:
        """The reply line that the fault gives."""
        return f"{self.code} {self.text}\r\n".encode()


@dataclass
class SinkSettings:
    """What the sink records and how it behaves; `faults` may be changed while it runs."""

    record: Path
    store: Path | None = None
    faults: list[Fault] = field(default_factory=list)
    pipelining: bool = True
    smtputf8: bool = True
    size_limit: int = 32 * 1024 * 1024
    tls: ssl.SSLContext | None = None

    def fault(self, kind: FaultKind, address: str) -> Fault | None:
        """Return the first fault of `kind` that happens to `address` now."""
        for fault in self.faults:
            if fault.kind == kind and fault.applies(address):
                return fault
        return None


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


class SinkProtocol(asyncio.Protocol):
    """One session of the sink."""

    def __init__(
        self,
        settings: SinkSettings,
        recorder: Recorder,
        number: int,
        open_sessions: set[asyncio.Transport],
    ) -> None:
        self._open = open_sessions
        self._settings = settings
        self._recorder = recorder
        self._number = number
        self._buffer = bytearray()
        self._searched = 0
        self._in_body = False
        self._is_waiting = False
        self._replies: list[bytes] = []
        self._mail_from: str | None = None
        self._rcpts: list[str] = []
        self._recent: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class
        self._open.add(self._transport)
        self._transport.write(b"220 sink ESMTP\r\n")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Forget the session."""
        self._open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Take what came, and answer all of it in one write."""
        self._buffer += data
        self._work()

    def _work(self) -> None:
        while not self._is_waiting and not self._transport.is_closing():
            if not (self._take_body() if self._in_body else self._take_command()):
                break
        self._flush()

    def _flush(self) -> None:
        if self._replies and not self._transport.is_closing():
            self._transport.write(b"".join(self._replies))
        self._replies.clear()

    def _take_command(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > _LINE_LIMIT:
                self._say(b"500 5.5.2 line too long\r\n")
                self._end()
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        self._command(line)
        return True

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"MAIL":
            self._mail(line)
        elif verb == b"RCPT":
            self._rcpt(line)
        elif verb == b"DATA":
            self._data()
        elif verb == b"EHLO":
            self._reset()
            self._say(self._greeting())
        elif verb in {b"HELO", b"NOOP", b"RSET"}:
            self._reset()
            self._say(b"250 2.0.0 OK\r\n")
        elif verb == b"QUIT":
            self._say(b"221 2.0.0 bye\r\n")
            self._end()
        else:
            self._say(b"502 5.5.1 not implemented\r\n")

    def _greeting(self) -> bytes:
        offers = ["sink", f"SIZE {self._settings.size_limit}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        offers += ["PIPELINING"] if self._settings.pipelining else []
        offers += ["SMTPUTF8"] if self._settings.smtputf8 else []
        lines = [f"250-{offer}\r\n" for offer in offers[:-1]] + [f"250 {offers[-1]}\r\n"]
        return "".join(lines).encode()

    def _mail(self, line: bytes) -> None:
        match = _MAIL.match(line)
        if match is None or self._mail_from is not None:
            self._say(b"503 5.5.1 nested or malformed MAIL\r\n")
            return
        sender = match.group(1).decode("utf-8", "replace")
        fault = self._settings.fault("refuse_sender", sender) or self._throttled(sender)
        if fault is not None:
            self._refuse(fault)
            return
        self._mail_from = sender
        self._say(b"250 2.1.0 OK\r\n")

    def _throttled(self, sender: str) -> Fault | None:
        for fault in self._settings.faults:
            if fault.kind == "throttle":
                now = time.monotonic()
                self._recent = [at for at in self._recent if now - at < 1.0]
                if len(self._recent) >= fault.rate and fault.applies(sender):
                    return fault
                self._recent.append(now)
        return None

    def _rcpt(self, line: bytes) -> None:
        match = _RCPT.match(line)
        if match is None or self._mail_from is None:
            self._say(b"503 5.5.1 MAIL first\r\n")
            return
        address = match.group(1).decode("utf-8", "replace")
        fault = self._settings.fault("refuse_rcpt", address)
        if fault is not None:
            self._refuse(fault)
            return
        self._rcpts.append(address)
        self._say(b"250 2.1.5 OK\r\n")

    def _data(self) -> None:
        if not self._rcpts:
            self._say(b"554 5.5.1 no valid recipients\r\n")
        elif self._settings.fault("close_at_data", self._rcpts[0]):
            self._flush()
            self._transport.abort()
        else:
            self._in_body, self._searched = True, 0
            self._say(b"354 go ahead\r\n")

    def _take_body(self) -> bool:
        if self._buffer[:3] == b".\r\n":
            end, rest = 0, 3
        else:
            end = self._buffer.find(_END, self._searched)
            if end < 0:
                self._searched = max(0, len(self._buffer) - len(_END))
                return False
            end, rest = end + 2, end + len(_END)
        body = bytes(self._buffer[:end])
        del self._buffer[:rest]
        self._in_body = False
        self._accept(body)
        return True

    def _accept(self, body: bytes) -> None:
        rcpt, rcpts, sender = self._rcpts[0], self._rcpts, self._mail_from or ""
        self._reset()
        fault = self._settings.fault("refuse_data", rcpt)
        if fault is not None:
            self._refuse(fault)
            return
        if self._settings.fault("drop_before_record", rcpt):
            self._drop()
            return
        self._recorder.accept(self._number, sender, rcpts, body)
        if self._settings.fault("drop_after_record", rcpt):
            self._drop()
            return
        delay = self._settings.fault("delay", rcpt)
        if delay is None:
            self._say(b"250 2.0.0 taken\r\n")
            return
        self._is_waiting = True
        self._transport.pause_reading()
        asyncio.get_running_loop().call_later(delay.seconds, self._continue)

    def _continue(self) -> None:
        self._is_waiting = False
        if self._transport.is_closing():
            return
        self._say(b"250 2.0.0 taken\r\n")
        self._transport.resume_reading()
        self._work()

    def _say(self, reply: bytes) -> None:
        self._replies.append(reply)

    def _refuse(self, fault: Fault) -> None:
        self._say(fault.reply)
        if fault.code == _SHUTTING_DOWN:
            self._end()

    def _drop(self) -> None:
        """End the connection without the answer to the last body; earlier answers still leave."""
        self._end()

    def _end(self) -> None:
        self._flush()
        self._transport.close()

    def _reset(self) -> None:
        self._mail_from, self._rcpts = None, []


def _unstuffed(body: bytes) -> bytes:
    if b"\r\n.." in body:
        body = body.replace(b"\r\n..", b"\r\n.")
    return body[1:] if body.startswith(b"..") else body
