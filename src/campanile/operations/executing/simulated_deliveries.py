"""Deliveries of a test: planned as in earnest, sent to nobody, answered as the test assumes.

A simulated delivery is two files beside the working tables of its execution, laid out as feedback
is. The ledger never hears of it, so there is nothing that could be sent.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from campanile.campaigns.simulation import reactions
from campanile.deliveries.delivery import NewDelivery
from campanile.deliveries.messages import Recipient
from campanile.operations.executing.segment_run import SegmentRun
from campanile.operations.feedback.message_feedback import FeedbackPins
from campanile.operations.feedback.tracking import DeliveryLinks
from campanile.relations.feedback_schema import EVENTS, MESSAGES
from campanile.relations.types import Schema
from campanile.store.manifest_rows import ManifestRow
from campanile.store.simulated_plans import simulate_plan

RESULT: Final = "TEST, nothing was sent"
_FILES: Final = "simulated"
_PAGE = 5_000

Row = Mapping[str, Any]


@dataclass
class SimulatedDelivery:
    """A delivery of a test while it is written; `reacted` are messages with what was assumed."""

    run: SegmentRun
    wanted: NewDelivery
    account: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    reacted: list[tuple[Row, str]] = field(default_factory=list)

    def write(self, recipients: Iterable[Recipient]) -> dict[str, Any]:
        """Write the files; returns what is told of the delivery, where they are included."""
        messages = self._write("messages", MESSAGES, self._messages(recipients))
        written = [messages, self._write("events", EVENTS, self._events())]
        assumed = Counter(kind for _, kind in self.reacted)
        asks = "somebody to confirm it" if self.wanted.settings.confirm else None
        return {
            "targeted": self.account.total(),
            "would be sent": self.account["sent"],
            "excluded": dict(self.excluded),
            "assumed": dict(assumed),
            "would wait for": asks,
            "result": RESULT,
            _FILES: [path.relative_to(self.run.project.lake.root).as_posix() for path in written],
        }

    def _write(self, name: str, schema: Schema, pages: Iterable[Sequence[Row]]) -> Path:
        """Write rows by `write_pages`, which brings pyarrow: half a second, only where rows are."""
        from campanile.operations.feedback.parquet_pages import write_pages

        execution = self.run.execution
        folder = self.run.project.lake.work_directory(
            execution.campaign, execution.key, f"{self.wanted.activity}__simulated"
        )
        rows = ([tuple(row.get(column) for column in schema) for row in page] for page in pages)
        return write_pages(rows, schema, folder, f"{name}-{uuid4().hex}")

    def _messages(self, recipients: Iterable[Recipient]) -> Iterator[list[Row]]:
        project, wanted = self.run.project, self.wanted
        ledger, now = project.store.databases["ledger"], wanted.content_date
        for page in simulate_plan(ledger, wanted, recipients, now):
            yield [self._settled(row) for row in page]

    def _settled(self, row: Row) -> Row:
        """The message as if it had been sent, or what stood against it."""
        common = {
            "campaign": self.wanted.campaign,
            "version": self.wanted.version,
            "execution": self.wanted.execution_key,
            "activity": self.wanted.activity,
            "delivery": self._number(),
            "planned_at": self.wanted.content_date,
            "settled_at": self.wanted.content_date,
        }
        state, reason = str(row["state"]), row["reason"]
        if state == "waiting":
            state, reason = self._assumed({**row, **common})
        self.account[state] += 1
        if state == "excluded":
            self.excluded[str(reason)] += 1
        return {**row, **common, "state": state, "reason": reason}

    def _assumed(self, message: Row) -> tuple[str, str | None]:
        shares = self.run.simulation.shares(self.wanted.activity)
        salt = f"{self.wanted.campaign}/{self.wanted.activity}"
        kinds = reactions(shares, salt, str(message["row_key"]))
        self.reacted += [(message, kind) for kind in kinds]
        return ("failed", "assumed by the test") if "failed" in kinds else ("sent", None)

    def _events(self) -> Iterator[list[Row]]:
        told = [(message, kind) for message, kind in self.reacted if kind != "failed"]
        links = DeliveryLinks(self.wanted.content)
        for first in range(0, len(told), _PAGE):
            page = enumerate(told[first : first + _PAGE], start=first + 1)
            yield [self._event(links, number, *one) for number, one in page]

    def _event(self, links: DeliveryLinks, number: int, message: Row, kind: str) -> Row:
        """An event of a person; who clicks follows one link, each another one."""
        event = {**message, "event_id": -number, "kind": kind, "human": True, "reason": None}
        event["at"] = self.wanted.content_date
        place = links.place(message["variant"], message["language"]) if kind == "clicked" else None
        table = list(links.tables[place].values()) if place is not None else []
        if table:
            link = table[int(message["ordinal"]) % len(table)]
            event |= {"link": link.name, "url": link.url}
        return event

    def _number(self) -> int:
        """The number of the delivery: below zero, since the ledger has none of it."""
        return -1 - self.run.compiled.graph.order.index(self.wanted.activity)


def simulated_account(plan: ManifestRow) -> dict[str, Any]:
    """What is told of a simulated delivery once its outputs are there."""
    return {name: fact for name, fact in plan.details.items() if name not in (_FILES, "checks")}


def simulated_feedback(committed: Iterable[ManifestRow]) -> FeedbackPins:
    """The files of the simulated deliveries among these transitions."""
    files = [row.details[_FILES] for row in committed if _FILES in row.details]
    return FeedbackPins(0, tuple(one[0] for one in files), tuple(one[1] for one in files))
