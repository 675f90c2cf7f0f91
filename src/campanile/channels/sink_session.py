"""One session of the truthful sink: what it takes, and what it answers."""

import asyncio
import re
import time
from typing import Final, cast

from campanile.channels.sink_records import Recorder
from campanile.channels.sink_settings import Fault, SinkSettings

_MAIL: Final = re.compile(rb"MAIL FROM:\s*<([^>]*)>", re.IGNORECASE)
_RCPT: Final = re.compile(rb"RCPT TO:\s*<([^>]*)>", re.IGNORECASE)
_END: Final = b"\r\n.\r\n"
_SHUTTING_DOWN: Final = 421
_LINE_LIMIT: Final = 4096


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
