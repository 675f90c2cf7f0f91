"""The load: mail programs that fetch pixels on connections they keep, and what they see."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from campanile.tracking.tokens import KeyRing

KEYS: Final = KeyRing({1: b"k" * 32}, current=1)
# What a mail program sends; a bare request would flatter the parser.
_HEADERS: Final = (
    "Host: t.example\r\nAccept: image/avif,image/webp,*/*\r\nAccept-Encoding: gzip, deflate, br\r\n"
    "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15\r\n"
)
_PIXEL_BYTES: Final = 43


@dataclass(frozen=True)
class Load:
    """What one load run saw: answers, seconds, and the latency of each in milliseconds."""

    answers: int
    seconds: float
    latencies: list[float]

    def percentile(self, share: float) -> float:
        """The latency that this share of the answers did not exceed."""
        ranked = sorted(self.latencies)
        return ranked[min(len(ranked) - 1, int(len(ranked) * share))]


def drive(
    port: int,
    *,
    events: int,
    connections: int,
    forged: bool = False,
    pace: float = 0.0,
    goes_on: Callable[[], bool] = lambda: True,
) -> Load:
    """Open `events` pixels, or as many as fit while `goes_on`; `pace` seconds between two."""
    return asyncio.run(_drive(port, events, connections, forged, pace, goes_on))


async def _drive(
    port: int,
    events: int,
    connections: int,
    forged: bool,
    pace: float,
    goes_on: Callable[[], bool],
) -> Load:
    latencies: list[float] = []
    numbers = iter(range(events))
    started = time.perf_counter()

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (number := next(numbers, None)) is not None and goes_on():
            token = "A" * 26 if forged else KEYS.sign("track", 1, number)
            asked = time.perf_counter()
            writer.write(f"GET /o/{token}.gif HTTP/1.1\r\n{_HEADERS}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"the service answered {head.splitlines()[0]!r}")
            await reader.readexactly(_PIXEL_BYTES)
            latencies.append((time.perf_counter() - asked) * 1000)
            if pace:
                await asyncio.sleep(pace)
        writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    return Load(len(latencies), time.perf_counter() - started, latencies)
