import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from campanile.demo.recipients import Visit
from campanile.demo.visiting import Journal, Visitor, arrivals


class Tracking(ThreadingHTTPServer):
    """A tracking service that notes requests; `closes` ends each connection after its answer."""

    closes = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, str, bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Tracking

    def handle_one_request(self) -> None:
        super().handle_one_request()
        if self.server.closes:
            self.close_connection = True

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        agent = self.headers["User-Agent"]
        self.server.seen.append((self.command, self.path, agent, self.rfile.read(length)))
        self.send_response(302)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def tracking() -> Iterator[Tracking]:
    with Tracking() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def click(tracking: Tracking) -> Visit:
    return Visit(0, "clicked", "person", "GET", f"{tracking.url}/c/token/1?v=a&m=b", "Browser/1")


def test_a_visit_is_a_real_request_and_is_noted(tracking: Tracking, tmp_path: Path) -> None:
    with (
        closing(Journal(tmp_path / "visits.jsonl")) as journal,
        closing(Visitor(tracking.url, journal.note)) as visitor,
    ):
        visitor.visit(click(tracking))
    assert tracking.seen == [("GET", "/c/token/1?v=a&m=b", "Browser/1", b"")]
    noted = json.loads((tmp_path / "visits.jsonl").read_text())
    assert (noted["status"], noted["kind"], noted["role"]) == (302, "clicked", "person")


def test_unsubscribing_is_one_click(tracking: Tracking) -> None:
    wish = Visit(0, "unsubscribed", "person", "POST", f"{tracking.url}/u/token", "Browser/1")
    with closing(Visitor(tracking.url, lambda *_: None)) as visitor:
        visitor.visit(wish)
    assert tracking.seen == [("POST", "/u/token", "Browser/1", b"List-Unsubscribe=One-Click")]


def test_a_closed_connection_is_opened_again(tracking: Tracking) -> None:
    tracking.closes = True
    noted = []
    note = lambda visit, status, _: noted.append((visit.kind, status))  # noqa: E731
    with closing(Visitor(tracking.url, note)) as visitor:
        for _ in range(3):
            visitor.visit(click(tracking))
    assert noted == [("clicked", 302)] * 3


def test_arrivals_go_on_where_they_stopped_and_skip_half_a_line(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    record.write_text('{"file": "1"}\n{"file": "2"}\n{"fi')
    found = list(arrivals(record, 0))
    assert [row["file"] for row, _ in found] == ["1", "2"]
    with record.open("a") as file:
        file.write('le": "3"}\n')
    assert [row["file"] for row, _ in arrivals(record, found[-1][1])] == ["3"]
