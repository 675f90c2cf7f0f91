import json
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

Deliver = Callable[..., None]


@pytest.fixture
def deliver(tmp_path: Path) -> Deliver:
    """Put a message into the inbox below `tmp_path`, as the sink does."""
    (tmp_path / "messages").mkdir()
    count = 0

    def put(to: str, subject: str, html: str = "<p>Hello</p>", ends: str = "\n") -> None:
        nonlocal count
        count += 1
        message = EmailMessage()
        message["From"] = "Shop <hello@shop.example>"
        message["To"] = to
        message["Subject"] = subject
        message.set_content("Hello in plain text")
        message.add_alternative(f"<html><head></head><body>{html}</body></html>", subtype="html")
        source = message.as_bytes().replace(b"\n", b"\r\n")
        (tmp_path / "messages" / f"{count}.eml").write_bytes(source)
        row = {"at": 1_790_000_000 + count, "rcpt": [to], "bytes": len(source)}
        row |= {"message_id": f"<{count}@shop.example>", "file": f"{count}.eml"}
        with (tmp_path / "record.jsonl").open("a") as record:
            record.write(json.dumps(row) + ends)

    return put
