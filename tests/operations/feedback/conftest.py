"""A small mailing in a real store, written by the ledger's own plan and settlement."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from campanile.campaigns.definitions import Definitions
from campanile.content.compiled import CompiledContent
from campanile.content.headers import Mailbox
from campanile.content.links import Link
from campanile.deliveries.delivery import Delivery, NewDelivery
from campanile.deliveries.frozen_content import FrozenContent
from campanile.deliveries.messages import Recipient, Settlement
from campanile.deliveries.settings import DeliverySettings
from campanile.operations.feedback.message_feedback import FeedbackExporter
from campanile.operations.feedback.tracking import Hit, TrackingStore
from campanile.operations.project import Project
from campanile.store import control_tables, events_tables, ledger_tables
from campanile.store.claims import Claims
from campanile.store.deliveries import Deliveries
from campanile.store.due import DueDeliveries
from campanile.store.execution_rows import Execution
from campanile.store.leases import Leases
from campanile.store.new_executions import NewExecution
from campanile.store.planning import Planner
from campanile.store.sending import SendingControl
from campanile.store.settling import settle_messages
from campanile.store.store import Store
from campanile.tracking.tokens import KeyRing
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.places.opening import Places

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
BROWSER = "Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0"


def content(*links: Link) -> CompiledContent:
    """Compiled content of which only the links matter."""
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


SHOP = Link(1, "shop", "https://shop.example/")
HELP = Link(2, None, "https://shop.example/help")
CONTENT = FrozenContent.of(content(SHOP, HELP)).to_json()


@dataclass
class World:
    """A store, a lake, and what tests do to them; time moves by `later`."""

    store: Store
    lake: DuckDBLake
    root: Path
    now: datetime = NOW
    executions: int = 0
    tracking: TrackingStore = field(init=False)
    feedback: FeedbackExporter = field(init=False)

    def __post_init__(self) -> None:
        self.tracking = TrackingStore.of(self.store)
        self.feedback = FeedbackExporter.of(self.store, self.lake)
        self.ledger = self.store.databases["ledger"]
        SendingControl(self.ledger).adopt("here", NOW)

    def project(self) -> Project:
        """The project around the store."""
        return Project(
            folder=self.root,
            name="shop",
            timezone=ZoneInfo("UTC"),
            environment="test",
            identity="here",
            store=self.store,
            warehouse=self.lake,
            keys=KeyRing({1: b"k" * 32}, current=1),
            state=self.root / "state",
            base_url="https://t.example",
            connections={},
            read_definitions=_no_definitions,
            clock=lambda: self.now,
            places=Places(own=self.root / "files", project=self.root),
        )

    def start(self, campaign: str = "spring", mode: str = "live") -> Execution:
        """Apply and publish a campaign, once, and start an execution of it."""
        version = self.store.campaigns.save_version(
            campaign, label="", source="", compiled={}, language_version=1, digest="d", by="test"
        ).version
        self.store.campaigns.publish(campaign, version, by="test")
        kind = "test" if mode == "test" else "manual"
        return self.store.executions.create(
            NewExecution(campaign, version, kind, mode, "test", self.now)
        )

    def plan(
        self,
        *people: Recipient | str,
        campaign: str = "spring",
        activity: str = "offer",
        key: str = "",
        mode: str = "live",
        frozen: str = CONTENT,
        **settings: object,
    ) -> Delivery:
        self.executions += 1
        wanted = {"connection": "smtp_main", "topic": "offers", **settings}
        made = Deliveries(self.ledger).create(
            NewDelivery(
                campaign=campaign,
                version=1,
                execution_id=self.executions,
                execution_key=key or f"manual-{self.executions}",
                activity=activity,
                mode=mode,
                content=frozen,
                settings=DeliverySettings(**wanted),
                content_date=self.now,
            ),
            self.now,
        )
        rows = [one if isinstance(one, Recipient) else person(one) for one in people]
        Planner(self.ledger, self.now).plan(made.id, rows)
        return made

    def send(self, made: Delivery, failing: tuple[str, ...] = (), limit: int = 500) -> list[str]:
        """Claim what is due and settle it; returns the addresses that were written to."""
        leases = Leases(self.ledger)
        epoch = leases.register(f"test-{self.now}", made.id, "host", "boot", self.now)
        claim = Claims(self.ledger, made.id, epoch, "here").claim(limit, self.now)
        settlements = [
            Settlement(
                one.ordinal,
                one.attempt,
                "failed" if one.address in failing else "sent",
                one.tries,
                one.doubts,
                reason="rejected" if one.address in failing else None,
                code=550 if one.address in failing else 250,
            )
            for one in claim.messages
        ]
        settle_messages(self.ledger, made.id, epoch, settlements, self.now)
        leases.release(epoch)
        return [one.address for one in claim.messages]

    def settle(self, made: Delivery) -> None:
        DueDeliveries(self.ledger).has_settled(made.id, self.now)

    def later(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def opened(self, made: Delivery, *ordinals: int, agent: str = BROWSER, **more: object) -> None:
        self._seen("opened", made, ordinals, None, agent, more)

    def clicked(
        self, made: Delivery, *ordinals: int, link: int = 1, agent: str = BROWSER, **more: object
    ) -> None:
        self._seen("clicked", made, ordinals, link, agent, more)

    def wish(self, made: Delivery, ordinal: int) -> Hit:
        return Hit("unsubscribed", made.id, ordinal, self.now, method="POST", agent=BROWSER)

    def _seen(self, kind, made, ordinals, link, agent, more) -> None:
        hits = [
            Hit(kind, made.id, ordinal, self.now, link=link, agent=agent, **more)
            for ordinal in ordinals
        ]
        self.tracking.record(hits)


def _no_definitions() -> Definitions:
    raise AssertionError("reports and tracking do not read the project's files")


def person(name: str) -> Recipient:
    return Recipient(name, name, f"{name}@shop.example")


@pytest.fixture
def two_variants() -> str:
    """Frozen content in which link 1 leads elsewhere in each variant."""
    calm, urgent = (Link(1, name, f"https://shop.example/{name}") for name in ("calm", "urgent"))
    return FrozenContent({("calm", ""): content(calm), ("urgent", ""): content(urgent)}).to_json()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    store = Store.open(tmp_path / "store", lambda: NOW)
    for area, tables in (
        ("control", control_tables),
        ("events", events_tables),
        ("ledger", ledger_tables),
    ):
        tables.metadata.create_all(store.databases[area].engine)
    yield World(store, DuckDBLake(tmp_path / "lake", threads=1), tmp_path)
    store.close()
