"""A truthful SMTP server: it records each acceptance before it answers, and misbehaves as told.

It alone judges what was sent, in tests, proofs and the demonstration's inbox.
"""

import argparse
import asyncio
import json
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import uvloop

from campanile.channels.sink_records import Recorder
from campanile.channels.sink_session import SinkProtocol
from campanile.channels.sink_settings import Fault, SinkSettings

__all__ = ["Fault", "Sink", "SinkSettings", "SinkThread", "main", "read_record"]


class Sink:
    """The listening sink; `port` is known once `start` returned."""

    def __init__(self, settings: SinkSettings) -> None:
        self.settings = settings
        self.port = 0
        self._recorder = Recorder(settings)
        self._sessions: set[asyncio.Transport] = set()
        self._count = 0

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1, on a free port unless one is given."""
        self._server = await asyncio.get_running_loop().create_server(
            self._session, "127.0.0.1", port, ssl=self.settings.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def _session(self) -> SinkProtocol:
        self._count += 1
        return SinkProtocol(self.settings, self._recorder, self._count, self._sessions)

    async def serve_forever(self) -> None:
        """Serve until cancelled."""
        await self._server.serve_forever()

    async def stop(self) -> None:
        """End all sessions and close the record."""
        self._server.close()
        while self._sessions:
            for transport in list(self._sessions):
                transport.abort()
            await asyncio.sleep(0)
        self._recorder.close()


class SinkThread:
    """The sink in a thread of this process, as a context manager with a `port`."""

    def __init__(self, settings: SinkSettings) -> None:
        self.settings = settings
        self.port = 0
        self._loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sink", daemon=True)

    def __enter__(self) -> "SinkThread":
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def accepted(self) -> list[dict[str, Any]]:
        """Return what was accepted so far, in order."""
        return list(read_record(self.settings.record))

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._started.set()
            self._loop.close()

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        sink = Sink(self.settings)
        await sink.start()
        self.port = sink.port
        self._started.set()
        await self._stopped.wait()
        await sink.stop()


def read_record(record: Path) -> Iterator[dict[str, Any]]:
    """Yield the acceptances in a record file."""
    with record.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the sink until it is stopped; the first line of output is the port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--fault", action="append", default=[], help="a fault as JSON")
    parser.add_argument("--no-pipelining", action="store_true")
    given = parser.parse_args(arguments)
    settings = SinkSettings(
        given.record,
        given.store,
        [Fault(**json.loads(text)) for text in given.fault],
        pipelining=not given.no_pipelining,
    )
    uvloop.run(_serve_for_ever(settings, given.port))


async def _serve_for_ever(settings: SinkSettings, port: int) -> None:
    sink = Sink(settings)
    await sink.start(port)
    sys.stdout.write(f"{sink.port}\n")
    sys.stdout.flush()
    await sink.serve_forever()


if __name__ == "__main__":
    main()
