"""The shop's past: recurring campaigns run through the last weeks, by the product itself.

The real operations run, with a clock that says when: orders arrive, slots come due, messages go to
an SMTP server in this process, recipients react in the hours after, and some of them buy.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from campanile.campaigns.schedules import occurrences
from campanile.channels.sink import SinkThread
from campanile.channels.sink_settings import Fault, SinkSettings
from campanile.deliveries.delivery import Delivery
from campanile.demo.faults import FAULTS
from campanile.demo.in_process import run_segment, send_due
from campanile.demo.purchases import Purchase, write_purchases
from campanile.demo.recipients import Act, acts, buys
from campanile.demo.shop import ShopFile
from campanile.demo.stock import ACTOR, load_all
from campanile.operations.authoring.versions import apply_campaign, publish
from campanile.operations.entities.loading.load import load_file
from campanile.operations.feedback.tracking import DeliveryLinks, Hit, TrackingStore
from campanile.operations.project import Project
from campanile.operations.scheduling.clock import tick
from campanile.operations.scheduling.report_schedule import due_reports, note_asked
from campanile.store.messages import MessageRow

CAMPAIGNS: Final = ("weekly_offer", "contract_renewal")
_WEEKS: Final = 4
_PACE: Final = 900  # live recipients answer in seconds; in the past they had hours
_PAUSE: Final = timedelta(minutes=10)  # until the clock looks for what was put off
_LONGEST: Final = 20  # looks at one slot
_SHOP_LINK: Final = "shop"


@dataclass
class PastClock:
    """The time of the past; it moves when it is told to."""

    now: datetime

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


def mondays(today: datetime) -> list[datetime]:
    """The last weeks' Mondays at midnight UTC, none of them today."""
    last = today.replace(hour=0, minute=0, second=0, microsecond=0)
    last -= timedelta(days=last.weekday() or 7)
    return [last - timedelta(weeks=back) for back in reversed(range(_WEEKS))]


class Past:
    """The last weeks of a project that has none yet; `project` is opened with `clock`.

    `files` come at the instants they are known from; `products` is the file of what is sold.
    """

    def __init__(
        self, project: Project, clock: PastClock, files: Sequence[ShopFile], products: Path
    ) -> None:
        self._project = project
        self._clock = clock
        self._files = files
        self._products = products
        self._sold: list[Purchase] = []
        self._reacted: set[int] = set()

    def relive(self, weeks: Sequence[datetime], now: datetime, say: Callable[[str], None]) -> None:
        """Publish the campaigns before the first of `weeks`, and run each slot up to an hour ago.

        What was due for reports is marked as asked for: nothing is run for the past.
        """
        ends = [*weeks[1:], now - timedelta(hours=1)]
        self._clock.now = weeks[0]
        for name in CAMPAIGNS:
            apply_campaign(self._project, name, actor=ACTOR)
            publish(self._project, name, actor=ACTOR)
        for begin, end in zip(weeks, ends, strict=True):
            self._clock.now = begin
            self._load(begin, say)
            self._load_sold(begin)
            for slot in self._slots(begin, end):
                say(f"the Monday of {begin:%d %B} …")
                self._clock.now = slot + timedelta(minutes=1)
                self._run(now)
        self._clock.now = now
        note_asked(self._project, due_reports(self._project, now))

    def _load(self, known: datetime, say: Callable[[str], None]) -> None:
        load_all(self._project, [each for each in self._files if each.known == known], say)

    def _load_sold(self, until: datetime) -> None:
        sold = [each for each in self._sold if each.at <= until]
        if sold:
            self._sold = [each for each in self._sold if each.at > until]
            folder = self._project.state / "shop" / "bought"
            for entity, path in write_purchases(folder, self._products, sold, until).items():
                load_file(self._project, entity, path, actor=ACTOR)

    def _slots(self, begin: datetime, end: datetime) -> list[datetime]:
        campaigns = self._project.definitions.campaigns
        found = {
            slot for name in CAMPAIGNS for slot in occurrences(campaigns[name].schedule, begin, end)
        }
        return sorted(found)

    def _run(self, now: datetime) -> None:
        """Do all that the clock asks for, until nothing is left of this slot."""
        for _ in range(_LONGEST):
            found = tick(self._project, self._clock())
            for segment in found.segments:
                run_segment(self._project, segment)
            for due in found.sends:
                send_due(self._project, due.delivery_id, self._clock)
            if not (found.segments or found.sends):
                if not self._project.store.executions.open_executions():
                    break
                self._clock.now += _PAUSE
        self._react(now)

    def _react(self, now: datetime) -> None:
        """Let the recipients of what was sent last open, click, opt out and buy, before `now`."""
        tracking = TrackingStore.of(self._project.store)
        for delivery in self._new_deliveries():
            links = _links(tracking, delivery)
            hits: list[Hit] = []
            for row in self._project.store.messages.rows(delivery.id, ("sent",)):
                for act in acts(_name(row), len(links)):
                    at = _when(row, act)
                    if at < now:
                        hits.append(_hit(row, act, at, links))
                        self._sell(row, act, at, links)
            hits.sort(key=lambda hit: hit.at)
            for is_wish, keep in ((False, tracking.record), (True, tracking.unsubscribe)):
                if chosen := [hit for hit in hits if (hit.kind == "unsubscribed") == is_wish]:
                    keep(chosen)

    def _new_deliveries(self) -> Iterator[Delivery]:
        for name in CAMPAIGNS:
            for execution in self._project.store.executions.of_campaign(name):
                for delivery in self._project.store.deliveries.of_execution(execution.id):
                    if delivery.id not in self._reacted:
                        self._reacted.add(delivery.id)
                        yield delivery

    def _sell(
        self, row: MessageRow, act: Act, at: datetime, links: Sequence[tuple[int, str | None]]
    ) -> None:
        clicked = act.role == "person" and act.kind == "clicked" and act.link is not None
        if clicked and links[act.link or 0][1] == _SHOP_LINK and buys(_name(row)):
            self._sold.append(Purchase(int(row.person), at + timedelta(minutes=20)))


def relive_past(
    project: Project,
    clock: PastClock,
    files: Sequence[ShopFile],
    now: datetime,
    weeks: Sequence[datetime],
    say: Callable[[str], None],
) -> None:
    """Give `project` (opened with `clock`) its past; messages reach nobody but this process."""
    faults = [Fault(**json.loads(each)) for each in FAULTS]
    settings = SinkSettings(Path(os.devnull), faults=faults)
    with SinkThread(settings) as sink:
        connections = {
            name: each.model_copy(update={"port": sink.port, "host": "127.0.0.1"})
            for name, each in project.connections.items()
        }
        products = next(each.path for each in files if each.entity == "product")
        past = Past(replace(project, connections=connections), clock, files, products)
        past.relive(weeks, now, say)


def _links(tracking: TrackingStore, delivery: Delivery) -> list[tuple[int, str | None]]:
    """Number and name of the links of a delivery, in the order of its messages."""
    table = DeliveryLinks(tracking.content(delivery.id) or "").tables[0]
    return [(link.number, link.name) for link in table.values()]


def _name(row: MessageRow) -> str:
    return f"{row.delivery_id}/{row.ordinal}"


def _when(row: MessageRow, act: Act) -> datetime:
    """People take hours; machines are as quick as ever."""
    pace = _PACE if act.role == "person" else 1
    return (row.settled_at or datetime.now(UTC)) + timedelta(seconds=act.delay * pace)


def _hit(row: MessageRow, act: Act, at: datetime, links: Sequence[tuple[int, str | None]]) -> Hit:
    return Hit(
        kind=act.kind,
        delivery=row.delivery_id,
        ordinal=row.ordinal,
        at=at,
        link=None if act.link is None else links[act.link][0],
        method=act.method,
        agent=act.agent,
    )
