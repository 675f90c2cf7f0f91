"""A sink that is quicker than any sender: it counts messages, their sizes, and how many differ.

It keeps nothing but the last message, so it proves equal work and no promise; the truthful sink of
`campanile.channels.sink` does that. A line on standard input asks for the figures since the last.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import uvloop

_END: Final = b"\r\n.\r\n"
_GREETING: Final = b"250-sink\r\n250-SIZE 33554432\r\n250-8BITMIME\r\n250 PIPELINING\r\n"
_REPLIES: Final = {b"EHLO": _GREETING, b"DATA": b"354 go ahead\r\n", b"QUIT": b"221 2.0.0 bye\r\n"}
_OK: Final = b"250 2.0.0 OK\r\n"


@dataclass
class Figures:
    """What came in; `sizes` are bytes as they came from DATA."""

    messages: int = 0
    sizes: int = 0
    smallest: int = sys.maxsize
    largest: int = 0
    seen: set[int] = field(default_factory=set)
    last: bytes = b""

    def add(self, body: bytes) -> None:
        """Count one message."""
        self.messages += 1
        self.sizes += len(body)
        self.smallest, self.largest = min(self.smallest, len(body)), max(self.largest, len(body))
        self.seen.add(hash(body))
        self.last = body

    def to_json(self) -> str:
        """The figures as one line."""
        values = {
            "messages": self.messages,
            "distinct": len(self.seen),
            "mean_bytes": round(self.sizes / max(self.messages, 1)),
            "smallest": self.smallest,
            "largest": self.largest,
            "last": self.last.decode("utf-8", "replace"),
        }
        return json.dumps(values)


class CountingSession(asyncio.Protocol):
    """One session; it answers everything with yes."""

    def __init__(self, sink: "CountingSink") -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._is_body = False

    def connection_made(self, transport: Any) -> None:
        """Greet."""
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer all that is complete in one write."""
        self._buffer += data
        replies = []
        while (reply := self._body(len(data)) if self._is_body else self._command()) is not None:
            replies.append(reply)
        if replies:
            self._transport.write(b"".join(replies))

    def _command(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return None
        verb = bytes(self._buffer[:4]).upper()
        del self._buffer[: end + 2]
        self._is_body = verb == b"DATA"
        return _REPLIES.get(verb, _OK)

    def _body(self, fresh: int) -> bytes | None:
        end = self._buffer.find(_END, max(0, len(self._buffer) - fresh - len(_END)))
        if end < 0:
            end = self._buffer.find(_END)  # commands and body came in one piece
        if end < 0:
            return None
        self._sink.figures.add(bytes(self._buffer[: end + 2]))
        del self._buffer[: end + len(_END)]
        self._is_body = False
        return _OK


class CountingSink:
    """The sink's process."""

    def __init__(self) -> None:
        self.figures = Figures()

    async def run(self) -> None:
        """Print the port, then figures for each line that comes in, until the input ends."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: CountingSession(self), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(self.figures.to_json(), flush=True)
            self.figures = Figures()


@dataclass(frozen=True)
class Sink:
    """The sink as the benchmark sees it."""

    port: int
    process: "subprocess.Popen[str]"

    def figures(self) -> dict[str, Any]:
        """What came in since the last question."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("figures\n")
        self.process.stdin.flush()
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found


@contextmanager
def counting_sink() -> Iterator[Sink]:
    """A sink in a process of its own, whose CPU nobody counts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.email.sink"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Sink(int(process.stdout.readline()), process)
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    uvloop.run(CountingSink().run())
