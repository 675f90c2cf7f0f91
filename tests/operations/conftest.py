"""A small real project, and a runner that does what Dagster does: begin, run in order, finish."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from campanile.channels.sink import SinkThread
from campanile.channels.sink_settings import SinkSettings
from campanile.channels.smtp import SmtpChannel
from campanile.operations.authoring.versions import apply_campaign, publish
from campanile.operations.entities.loading.load import load_file
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_run import CommittedOutput, SegmentRun
from campanile.operations.executing.segment_runs import begin_segment, fail_segment, finish_segment
from campanile.operations.feedback.tracking import Hit, TrackingStore
from campanile.operations.project import Project
from campanile.operations.scheduling.clock import mark_requested, tick
from campanile.operations.scheduling.requests import SegmentRequest
from campanile.operations.scheduling.retargeting import new_people
from campanile.operations.scheduling.sends import send_settings
from campanile.operations.sending.failpoints import Failpoints
from campanile.operations.sending.setup import WorkerSetup, location_of
from campanile.operations.sending.worker import Worker
from campanile.settings.project import open_project

CATALOG = """
entities:
  customer:
    source: {loaded: true}
    key: customer_id
    columns: {customer_id: integer, email: text, email_ok: boolean, tier: text, store_id: text}
    links: {store: {to: store, match: {store_id: store_id}, back: customers}}
  store: {source: {loaded: true}, key: store_id, columns: {store_id: text, city: text}}
  order:
    source: {loaded: true}
    key: order_id
    columns: {order_id: integer, customer_id: integer, amount: number, placed_at: timestamp}
    links: {customer: {to: customer, match: {customer_id: customer_id}, back: orders}}
dimensions:
  customer: {default: true, addresses: {email: email}, consent: {email: email_ok}}
  order: {recipient: customer}
"""
CHANNELS = """
senders: {shop: {channel: email, from: "Shop <shop@shop.example>", connection: sink, default: true}}
topics: {offers: {label: Offers, default: opt_in}}
"""
TEMPLATE = """---
subject: Hello {{ customer_id }}
---
<html><body><p>Hello <a href="{{ link('shop', 'https://shop.example/') }}">shop</a></p>
<a href="{{ message.unsubscribe }}">no more</a></body></html>
"""
START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """The time of the test; it moves when it is told to."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Town:
    """A project of ten customers with its clock and its sink."""

    project: Project
    clock: Clock
    sink: SinkThread
    outputs: dict[str, CommittedOutput] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        """Write a campaign file."""
        folder = self.project.folder / "campaigns"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text(text)
        self.read_files_again()

    def read_files_again(self) -> None:
        """See the project's files as a process that opens it now."""
        for read in ("definitions", "foundation"):
            self.project.__dict__.pop(read, None)

    def publish(self, name: str, text: str) -> None:
        """Write, apply and publish a campaign."""
        self.write(name, text)
        apply_campaign(self.project, name, actor="test")
        publish(self.project, name, actor="test")

    def load(self, entity: str, text: str) -> Any:
        """Load CSV text into an entity."""
        path = self.project.folder / f"{entity}.csv"
        path.write_text(text)
        return load_file(self.project, entity, path, actor="test")

    def begin(self, request: SegmentRequest) -> SegmentRun:
        """Begin what was asked for, as a run worker does."""
        mark_requested(self.project, [request])
        run_id = f"run-{request.run_key}"
        return begin_segment(
            self.project,
            request.campaign,
            request.version,
            request.partition,
            request.segment,
            run_id,
            request.attempt,
        )

    def work(self, request: SegmentRequest, *, fail_at: str | None = None) -> None:
        """Run a segment to its end, or let it fail before the activity `fail_at`."""
        run = self.begin(request)
        for activity, part in run.steps():
            if activity == fail_at:
                fail_segment(run, f"the test stopped it before '{activity}'")
                return
            for output in run_activity(run, activity, part):
                self.outputs[f"{request.campaign}.{output.transition}"] = output
        finish_segment(run)

    def ready(self) -> list[SegmentRequest]:
        """What the clock and the retargeting sensor ask for now."""
        fed = new_people(self.project, self.clock())
        due = list(tick(self.project, self.clock()).segments)
        return list({each.run_key: each for each in [*fed, *due]}.values())

    def run(self) -> None:
        """Do all that can be done without the clock moving on."""
        for _ in range(20):
            found = tick(self.project, self.clock())
            fed = new_people(self.project, self.clock())
            if not (found.segments or found.sends or fed):
                return
            for request in {r.run_key: r for r in [*found.segments, *fed]}.values():
                self.work(request)
            for due in found.sends:
                self.send(due.delivery_id)

    def send(self, delivery_id: int) -> None:
        """Send what is due, in this process and at the time of the test."""
        ledger = self.project.store.databases["ledger"]
        settings = send_settings(self.project)
        setup = WorkerSetup(
            location=location_of(ledger),
            delivery_id=delivery_id,
            identity=settings.identity,
            state_folder=settings.state_folder,
            connection=settings.connections["sink"],
            secrets=settings.secrets,
            current_key=settings.current_key,
            deadline=self.clock() + timedelta(minutes=10),
        )
        channel = SmtpChannel(setup.connection)
        worker = Worker(
            setup, channel=channel, clock=self.clock, say=lambda _: None, failpoints=Failpoints()
        )
        worker.run()

    def click(self, campaign: str, activity: str, people: set[str]) -> None:
        """Let `people` click the first link of their message, as humans an hour later do."""
        hits = []
        for row in self.messages(campaign, activity):
            if row.person in people and row.state == "sent":
                hits.append(
                    Hit(
                        kind="clicked",
                        delivery=row.delivery_id,
                        ordinal=row.ordinal,
                        at=self.clock(),
                        link=1,
                        agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
                    )
                )
        TrackingStore.of(self.project.store).record(hits)

    def messages(self, campaign: str, activity: str) -> list[Any]:
        """The messages of an activity in all executions of a campaign."""
        store = self.project.store
        found = []
        for execution in store.executions.of_campaign(campaign):
            delivery = store.deliveries.find(campaign, execution.id, activity)
            if delivery is not None:
                found += list(store.messages.rows(delivery.id))
        return found

    def rows(self, output: str) -> int:
        """Rows of the output last committed, as `campaign.transition`."""
        return self.outputs[output].rows


@pytest.fixture
def open_town(tmp_path: Path) -> Iterator[Callable[..., Town]]:
    """Opens the project with more settings and another catalog, and nothing loaded yet."""
    with SinkThread(SinkSettings(record=tmp_path / "sink.log")) as sink:
        opened: list[Project] = []
        numbers = count()

        def build(settings: str = "", catalog: str = CATALOG, **environment: str) -> Town:
            folder = tmp_path / f"town{next(numbers)}"
            written = files(sink.port)
            written["campanile.yaml"] += f"\n{settings}"
            written["catalog/town.yaml"] = catalog
            for name, text in written.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            clock = Clock()
            opened.append(open_project(folder, clock=clock, environment=environment))
            return Town(opened[-1], clock, sink)

        yield build
        for project in opened:
            project.store.close()


@pytest.fixture
def town(open_town: Callable[..., Town]) -> Town:
    """Ten customers (1 to 10) who said yes; 10 lives nowhere."""
    made = open_town()
    made.load("store", "store_id,city\nn,Nice\np,Paris\n")
    made.load("customer", customers(range(1, 11)))
    return made


def files(port: int) -> dict[str, str]:
    """The files of the project, without campaigns."""
    sink = f"{{type: smtp, host: 127.0.0.1, port: {port}, security: none, connections: 2}}"
    return {
        "campanile.yaml": f"name: town\ntimezone: Europe/Paris\nconnections: {{sink: {sink}}}",
        "catalog/town.yaml": CATALOG,
        "channels.yaml": CHANNELS,
        "templates/hello/email.html": TEMPLATE,
    }


def customers(numbers: range) -> str:
    """CSV of customers."""
    rows = ["customer_id,email,email_ok,tier,store_id"]
    for n in numbers:
        tier, store = ("gold" if n <= 3 else "base"), ("n" if n % 2 else "p")
        rows.append(f"{n},c{n}@example.com,true,{tier},{store}")
    return "\n".join(rows) + "\n"
