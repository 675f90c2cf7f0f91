"""Simulated recipients at work: they watch the inbox and visit the tracking service by HTTP."""

import heapq
import http.client
import json
import logging
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from campanile.demo.purchases import Till
from campanile.demo.recipients import Visit, buys, visits

_LOGGER = logging.getLogger("campanile.demo")
_CONNECTIONS: Final = 4
_PER_SECOND: Final = 150  # visits of people; scanners never wait
_LOOK_SECONDS: Final = 0.1
_IDLE_SECONDS: Final = 1.0  # where nobody has anything to do
_SHOPPING_SECONDS: Final = 2.0
_ONE_CLICK: Final = b"List-Unsubscribe=One-Click"  # RFC 8058 section 3.2


class Visitor:
    """One connection to the tracking service, kept open between visits."""

    def __init__(self, base_url: str, note: Callable[[Visit, int, float], None]) -> None:
        place = urlsplit(base_url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        self._note = note

    def visit(self, visit: Visit) -> None:
        """Make one request, a second time if the kept connection was closed meanwhile."""
        for _ in range(2):
            began = time.monotonic()
            try:
                status = self._request(visit)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                _LOGGER.warning("a visit failed (%s)", type(error).__name__)
            else:
                self._note(visit, status, time.monotonic() - began)
                return

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _request(self, visit: Visit) -> int:
        headers = {"User-Agent": visit.agent, "Accept": "*/*"}
        body = None
        if visit.method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = _ONE_CLICK
        path = urlsplit(visit.url)
        target = path.path + (f"?{path.query}" if path.query else "")
        self._connection.request(visit.method, target, body=body, headers=headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status


class Journal:
    """What was visited and what was answered, one line of JSON each, for whoever checks reports."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._turn = threading.Lock()

    def note(self, visit: Visit, status: int, seconds: float) -> None:
        """Write one line: the visit, what was answered, and how long that took."""
        answer = {"status": status, "seconds": round(seconds, 5), "at": time.time()}
        line = json.dumps({**asdict(visit), **answer})
        with self._turn:
            self._file.write(line + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def arrivals(record: Path, offset: int) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield the messages in a sink's record after `offset`, each with the offset behind it."""
    with record.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield json.loads(line), offset


def run(folder: Path, base_url: str) -> None:
    """Visit for what arrives in the inbox `folder` from now on, until the process is ended."""
    logging.basicConfig(format="%(asctime)s %(message)s")
    journal = Journal(folder / "visits.jsonl")
    work: queue.SimpleQueue[Visit] = queue.SimpleQueue()
    for _ in range(_CONNECTIONS):
        visitor = Visitor(base_url, journal.note)
        threading.Thread(target=_work, args=(visitor, work), daemon=True).start()
    _watch(folder, base_url, work)


def _work(visitor: Visitor, work: "queue.SimpleQueue[Visit]") -> None:
    while True:
        visitor.visit(work.get())


def _watch(folder: Path, base_url: str, work: "queue.SimpleQueue[Visit]") -> None:
    record = folder / "record.jsonl"
    offset = record.stat().st_size
    till = Till(folder / "till.jsonl")
    coming: list[tuple[float, int, Visit]] = []
    number = 0
    while True:
        for row, behind in arrivals(record, offset):
            offset = behind
            source = (folder / "messages" / row["file"]).read_bytes()
            for visit in visits(row["message_id"], source, base_url):
                number += 1
                if visit.role == "scanner":
                    work.put(visit)
                    continue
                at = row["at"] + visit.delay
                heapq.heappush(coming, (at, number, visit))
                if visit.kind == "clicked" and buys(row["message_id"]):
                    till.ring(row["rcpt"][0], datetime.fromtimestamp(at + _SHOPPING_SECONDS, UTC))
        allowed = int(_PER_SECOND * _LOOK_SECONDS)
        while coming and allowed and coming[0][0] <= time.time():
            work.put(heapq.heappop(coming)[2])
            allowed -= 1
        time.sleep(_LOOK_SECONDS if coming else _IDLE_SECONDS)


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2])
