"""Campanile's side: a planned delivery of the letter, sent by a send run with its ledger."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.email import letter
from benchmarks.yardstick_cpu import cpu_seconds
from campanile.channels.smtp import SmtpConnection
from campanile.content.compiled import CompiledContent
from campanile.deliveries.delivery import NewDelivery
from campanile.deliveries.frozen_content import FrozenContent
from campanile.deliveries.messages import Recipient
from campanile.deliveries.settings import DeliverySettings
from campanile.operations.sending.send_run import SendSettings, send_delivery
from campanile.store.database import open_databases
from campanile.store.deliveries import Deliveries
from campanile.store.ledger_tables import metadata
from campanile.store.planning import Planner
from campanile.store.sending import SendingControl

CONNECTIONS: Final = 4
_IDENTITY: Final = "benchmark"


@dataclass(frozen=True)
class Sent:
    """What a send run of the letter cost, in CPU seconds of the run and its process."""

    cpu: float
    planned: float


class House:
    """A store of its own, armed, from which deliveries of the letter are sent to a sink."""

    def __init__(self, folder: Path, port: int, location: str | None = None) -> None:
        """`location` is a folder or the URL of an empty PostgreSQL database."""
        self._now = datetime.now(UTC)
        self._ledger = open_databases(location or str(folder / "store"))["ledger"]
        metadata.create_all(self._ledger.engine)
        SendingControl(self._ledger).adopt(_IDENTITY, self._now)
        self.content: CompiledContent = letter.compiled(folder, self._now)
        self._runs = 0
        sink = SmtpConnection(host="127.0.0.1", port=port, security="none", connections=CONNECTIONS)
        self._settings = SendSettings(
            identity=_IDENTITY,
            state_folder=folder / "state",
            connections={"sink": sink},
            secrets={1: "ab" * 32},
            current_key=1,
        )

    def send(self, recipients: int) -> Sent:
        """Plan, then send with one process; claim, rendering, SMTP, journal and settling count."""
        before = cpu_seconds()
        delivery = self._planned(recipients)
        planned = cpu_seconds()
        report = send_delivery(self._ledger, delivery, self._settings)
        if report.sent != recipients or not report.account.is_final:
            raise RuntimeError(f"{report.sent} of {recipients} messages were sent: {report.note}")
        return Sent(cpu_seconds() - planned, planned - before)

    def _planned(self, recipients: int) -> int:
        self._runs += 1
        new = NewDelivery(
            campaign="letter",
            version=1,
            execution_id=self._runs,
            execution_key=f"manual-{self._runs}",
            activity="offer",
            mode="live",
            content=FrozenContent.of(self.content).to_json(),
            settings=DeliverySettings(connection="sink"),
            content_date=self._now,
        )
        found = Deliveries(self._ledger).create(new, self._now)
        rows = (
            Recipient(f"p{n}", f"p{n}", one["address"], one["fields"])
            for n, one in enumerate(letter.people(recipients))
        )
        Planner(self._ledger, self._now).plan(found.id, rows)
        return found.id
