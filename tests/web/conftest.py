"""A tracking application on lists: what it records can be looked at, and its store can fail."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from campanile.content.compiled import CompiledContent
from campanile.content.headers import Mailbox
from campanile.content.links import Link
from campanile.deliveries.frozen_content import FrozenContent
from campanile.errors import EngineError
from campanile.operations.feedback.tracking import Hit
from campanile.tracking.tokens import KeyRing
from campanile.web.tracking import TrackingApp, build_tracking_app

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LINKS = (
    Link(1, "shop", "https://shop.example/sale?x=1"),
    Link(2, None, "https://shop.example/order/", is_personal=True),
)


def compiled(*links: Link) -> CompiledContent:
    return CompiledContent(
        subject=(),
        text=(),
        html=(),
        sender=Mailbox("Shop", "news@shop.example"),
        base_url="https://t.example",
        message_id_domain="shop.example",
        date=NOW,
        one_click=True,
        track="t",
        unsub="u",
        links=links,
    )


CONTENTS = {
    7: FrozenContent.of(compiled(*LINKS)),
    9: FrozenContent(
        {
            ("calm", ""): compiled(Link(1, None, "https://shop.example/calm")),
            ("urgent", ""): compiled(Link(1, None, "https://shop.example/urgent")),
        }
    ),
}


@dataclass
class Site:
    """The application with the lists it writes to."""

    folder: Path
    keys: KeyRing = field(default_factory=lambda: KeyRing({1: b"k" * 32}, current=1))
    events: list[Hit] = field(default_factory=list)
    opt_outs: list[Hit] = field(default_factory=list)
    is_down: bool = False
    app: TrackingApp | None = None

    def content(self, delivery_id: int) -> str | None:
        self._require_store()
        found = CONTENTS.get(delivery_id)
        return None if found is None else found.to_json()

    def spoken_to(self, _delivery_id: int, ordinal: int) -> tuple[str | None, str | None]:
        self._require_store()
        return ("calm" if ordinal % 2 else "urgent"), None

    def ping(self) -> None:
        self._require_store()

    def record(self, hits: Sequence[Hit]) -> None:
        self._require_store()
        self.events.extend(hits)

    def unsubscribe(self, hits: Sequence[Hit]) -> None:
        self._require_store()
        self.opt_outs.extend(hits)

    def _require_store(self) -> None:
        if self.is_down:
            raise EngineError("the store is away")

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        self.app = build_tracking_app(
            keys=self.keys,
            store=self,
            folder=self.folder,
            clock=lambda: NOW,
        )
        async with (
            self.app.lifespan(),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(self.app, client=("203.0.113.9", 1)),
                base_url="https://t.example",
            ) as client,
        ):
            yield client

    def track(self, delivery: int = 7, ordinal: int = 3) -> str:
        return self.keys.sign("track", delivery, ordinal)

    def unsub(self, delivery: int = 7, ordinal: int = 3) -> str:
        return self.keys.sign("unsub", delivery, ordinal)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)
