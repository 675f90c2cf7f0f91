import email
import email.policy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from campanile.content.compile import compile_email
from campanile.content.compiled import CompiledContent
from campanile.content.headers import Mailbox
from campanile.content.renderer import Renderer
from campanile.content.template_files import read_template


@dataclass(frozen=True)
class Opened:
    """A rendered message as an independent parser (the standard library) reads it."""

    raw: bytes
    message: EmailMessage
    text: str
    html: str


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Write template files from a map of paths to texts, and return their folder."""

    def write_files(files: dict[str, str]) -> Path:
        folder = tmp_path / "templates"
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    return write_files


@pytest.fixture
def compiled(write: Callable[[dict[str, str]], Path]) -> Callable[..., CompiledContent]:
    """Compile one mail from an HTML or MJML body and, if given, a text body and partials."""

    def compile_one(
        body: str, text: str | None = None, partials: dict[str, str] | None = None, **options: Any
    ) -> CompiledContent:
        suffix = "mjml" if "<mjml" in body else "html"
        files = {f"one/email.{suffix}": body, **(partials or {})}
        if text is not None:
            files["one/email.txt"] = text
        settings: dict[str, Any] = {
            "base_url": "https://t.shop.example",
            "sender": Mailbox("Shop", "news@shop.example"),
            "subject": "Hello",
            "message_id_domain": "shop.example",
            "date": datetime(2026, 11, 22, 9, tzinfo=UTC),
            "allowed": {"first_name", "last_name", "items", "store", "code", "url", "n"},
        }
        return compile_email(read_template(write(files), "one"), **(settings | options))

    return compile_one


@pytest.fixture
def opened() -> Callable[..., Opened]:
    """Render one message and read it back."""

    def render(content: CompiledContent, **fields: Any) -> Opened:
        renderer = Renderer(content, lambda token, number, value: "M" * 14)
        raw = renderer.render(
            fields, token="T" * 26, unsub_token="U" * 26, to=Mailbox("Ana Ruiz", "ana@x.example")
        )
        message = email.message_from_bytes(raw, policy=email.policy.default)
        parts = [part.get_payload(decode=True).decode() for part in message.iter_parts()]
        return Opened(raw, message, *(part.replace("\r\n", "\n") for part in parts))

    return render
