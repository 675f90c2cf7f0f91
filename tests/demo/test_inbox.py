import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from campanile.demo.inbox import build_app

Deliver = Callable[..., None]
TRACKING = "http://127.0.0.1:8400"


class Client:
    """Asks the application as a browser on this machine would."""

    def __init__(self, folder: Path) -> None:
        self._transport = httpx.ASGITransport(build_app(folder, TRACKING))

    def get(self, path: str, host: str = "127.0.0.1") -> httpx.Response:
        async def ask() -> httpx.Response:
            address = "http://127.0.0.1"
            async with httpx.AsyncClient(transport=self._transport, base_url=address) as client:
                return await client.get(path, headers={"Host": host})

        return asyncio.run(ask())


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(tmp_path)


def test_an_empty_inbox_says_so(client: Client) -> None:
    assert "Nothing has arrived yet" in client.get("/").text


def test_messages_are_listed_in_pages_and_found(client: Client, deliver: Deliver) -> None:
    for number in range(60):
        deliver(f"p{number}@example.com", f"Subject {number}")
    page = client.get("/").text
    assert page.index("p59@example.com") < page.index("p58@example.com")
    assert "p9@example.com" not in page
    assert "p9@example.com" in client.get("/?start=50").text
    assert "1 message with" in client.get("/?q=p7@example.com").text


def test_a_message_cannot_add_anything_to_the_page(client: Client, deliver: Deliver) -> None:
    deliver("a@example.com", "<script>alert(1)</script>")
    for path in ("/", "/message/1", "/message/1?view=headers"):
        answer = client.get(path)
        assert "<script>alert" not in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_shown_message_runs_nothing_and_loads_only_from_tracking(
    client: Client, deliver: Deliver
) -> None:
    deliver("a@example.com", "One", html="<script>alert(1)</script><b>bold</b>")
    assert 'sandbox="allow-popups' in client.get("/message/1").text
    answer = client.get("/message/1/html")
    policy = answer.headers["content-security-policy"]
    assert "<b>bold</b>" in answer.text
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert f"img-src {TRACKING} data:" in policy


def test_text_headers_and_source_can_be_read(client: Client, deliver: Deliver) -> None:
    deliver("a@example.com", "One")
    assert "Hello in plain text" in client.get("/message/1?view=text").text
    assert "MIME-Version" in client.get("/message/1?view=headers").text
    source = client.get("/message/1/source")
    assert source.headers["content-type"].startswith("text/plain")
    assert "Subject: One" in source.text


def test_what_is_not_there_is_not_found(client: Client) -> None:
    assert client.get("/message/7").status_code == 404
    assert client.get("/message/../record.jsonl").status_code == 404


def test_other_host_names_are_refused(client: Client) -> None:
    assert client.get("/", host="evil.example").status_code == 400


def test_the_page_can_ask_how_many_have_come(client: Client, deliver: Deliver) -> None:
    deliver("a@example.com", "One")
    client.get("/")
    assert client.get("/count").json() == {"total": 1}


@pytest.mark.parametrize("name", ["inbox.css", "inbox.js", "icon.svg"])
def test_the_page_brings_its_own_files(client: Client, name: str) -> None:
    assert client.get(f"/{name}").status_code == 200
