"""A planned delivery with real content, and a truthful sink to send it to."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campanile.channels.sink import SinkThread
from campanile.channels.sink_settings import Fault, SinkSettings
from campanile.channels.smtp import SmtpChannel, SmtpConnection
from campanile.content.compile import compile_email
from campanile.content.headers import Mailbox
from campanile.content.template_files import read_template
from campanile.deliveries.account import Account
from campanile.deliveries.delivery import NewDelivery
from campanile.deliveries.frozen_content import FrozenContent
from campanile.deliveries.messages import Recipient
from campanile.deliveries.settings import DeliverySettings
from campanile.operations.sending.failpoints import Failpoints
from campanile.operations.sending.recovery import Recovery
from campanile.operations.sending.send_run import SendReport, SendSettings, send_delivery
from campanile.operations.sending.setup import (
    WorkerReport,
    WorkerSetup,
    journals_folder,
    location_of,
)
from campanile.operations.sending.worker import Worker
from campanile.store.database import Database, open_databases
from campanile.store.deliveries import Deliveries
from campanile.store.ledger_tables import metadata
from campanile.store.planning import Planner
from campanile.store.sending import SendingControl

HERE = "production"


@dataclass
class Box:
    """A planned and armed delivery, the settings to send it, and the judge of what was sent."""

    ledger: Database
    id: int
    settings: SendSettings
    sink: SinkThread

    def send(self, **options: object) -> SendReport:
        return send_delivery(self.ledger, self.id, self.settings, **options)

    def work(self) -> WorkerReport:
        """Send in this very process, after recovery: as a send run does, and a second faster."""
        journals = journals_folder(self.settings.state_folder)
        Recovery(self.ledger, journals, Failpoints()).run(datetime.now(UTC), self.id)
        setup = WorkerSetup(
            location=location_of(self.ledger),
            delivery_id=self.id,
            identity=self.settings.identity,
            state_folder=self.settings.state_folder,
            connection=self.settings.connections["sink"],
            secrets=self.settings.secrets,
            current_key=self.settings.current_key,
            deadline=datetime.now(UTC) + timedelta(minutes=1),
        )
        worker = Worker(
            setup,
            channel=SmtpChannel(setup.connection),
            clock=lambda: datetime.now(UTC),
            say=lambda report: None,
            failpoints=Failpoints(),
        )
        return worker.run()

    @property
    def account(self) -> Account:
        found = Deliveries(self.ledger).account(self.id)
        assert found.closes
        return found

    @property
    def copies(self) -> Counter[str]:
        """How often each address got the message, as the sink knows it."""
        return Counter(row["rcpt"][0] for row in self.sink.accepted())

    @property
    def message_ids(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for row in self.sink.accepted():
            found.setdefault(row["rcpt"][0], set()).add(row["message_id"])
        return found


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SinkThread]:
    record = tmp_path / "sink.jsonl"
    record.touch()
    with SinkThread(SinkSettings(record)) as running:
        yield running


@pytest.fixture
def faults(sink: SinkThread) -> Callable[..., None]:
    """Make the sink misbehave from now on."""
    return lambda *given: sink.settings.faults.extend(Fault(**one) for one in given)


@pytest.fixture
def box(tmp_path: Path, sink: SinkThread) -> Callable[..., Box]:
    """Plan a delivery of `people` messages; the subject needs `first_name`."""

    def make(
        people: int = 40, *, processes: int = 1, connections: int = 4, **settings: object
    ) -> Box:
        ledger = open_databases(tmp_path / "store")["ledger"]
        metadata.create_all(ledger.engine)
        now = datetime.now(UTC)
        SendingControl(ledger).adopt(HERE, now)
        new = NewDelivery(
            campaign="winback",
            version=1,
            execution_id=1,
            execution_key="manual-1",
            activity="offer",
            mode="live",
            content=_content(tmp_path).to_json(),
            settings=DeliverySettings(connection="sink", **settings),
            content_date=now,
        )
        found = Deliveries(ledger).create(new, now)
        rows = [
            Recipient(f"p{n}", f"p{n}", f"person{n}@shop.example", {"first_name": f"N{n}"})
            for n in range(people)
        ]
        Planner(ledger, now).plan(found.id, rows)
        connection = SmtpConnection(
            host="127.0.0.1", port=sink.port, security="none", connections=connections
        )
        sending = SendSettings(
            identity=HERE,
            state_folder=tmp_path / "state",
            connections={"sink": connection},
            secrets={1: "ab" * 32},
            current_key=1,
            processes=processes,
        )
        return Box(ledger, found.id, sending, sink)

    return make


def _content(folder: Path) -> FrozenContent:
    template = folder / "templates" / "offer"
    template.mkdir(parents=True)
    (template / "email.html").write_text(
        "<html><body><p>Dear {{ first_name }}</p><p><a href='{{ message.unsubscribe }}'>No more"
        "</a></p></body></html>"
    )
    compiled = compile_email(
        read_template(folder / "templates", "offer"),
        base_url="https://t.shop.example",
        sender=Mailbox("Shop", "news@shop.example"),
        message_id_domain="shop.example",
        date=datetime(2026, 11, 22, 9, tzinfo=UTC),
        allowed={"first_name"},
        subject="{{ first_name }}, the sale is on",
    )
    return FrozenContent.of(compiled)
