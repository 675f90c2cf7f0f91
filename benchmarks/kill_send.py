"""The kill proof: a send run is killed with -9 again and again, and the sink judges what was sent.

    python -m benchmarks.kill_send --recipients 20000 --kills 10 --processes 2 --connections 8

Prints one line of JSON per doubt policy and exits with 1 if a promise was broken.
"""

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from campanile.channels.sink import read_record
from campanile.channels.smtp import SmtpConnection
from campanile.content.compile import compile_email
from campanile.content.headers import Mailbox
from campanile.content.template_files import read_template
from campanile.deliveries.delivery import Delivery, NewDelivery
from campanile.deliveries.frozen_content import FrozenContent
from campanile.deliveries.messages import Recipient
from campanile.deliveries.settings import DeliverySettings
from campanile.deliveries.states import Doubt
from campanile.operations.sending.send_run import SendReport, SendSettings, send_delivery
from campanile.store.database import Database, open_databases
from campanile.store.deliveries import Deliveries
from campanile.store.ledger_tables import metadata
from campanile.store.messages import Messages
from campanile.store.planning import Planner
from campanile.store.sending import SendingControl

IDENTITY = "rehearsal"
TEMPLATE = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Dear {{ first_name }}, you spent {{ spent }} with us last year.</mj-text>
{% for item in items %}<mj-text>{{ item.name }}: {{ item.price }}</mj-text>{% endfor %}
<mj-button href="https://shop.example/sale">To the sale</mj-button>
<mj-text><a href="{{ message.unsubscribe }}">No more of this</a></mj-text>
</mj-column></mj-section></mj-body></mjml>"""


@dataclass(frozen=True)
class Rehearsal:
    """A planned delivery in a store of its own, and the settings to send it to a sink."""

    location: str
    delivery: Delivery
    settings: SendSettings
    record: Path

    @property
    def ledger(self) -> Database:
        """The ledger of the rehearsal's store."""
        return open_databases(self.location)["ledger"]


def rehearse(
    folder: Path,
    port: int,
    record: Path,
    *,
    recipients: int,
    doubt: Doubt = "at_least_once",
    processes: int = 2,
    connections: int = 8,
    location: str | None = None,
    execution_id: int = 1,
) -> Rehearsal:
    """Plan a delivery of `recipients` messages; a file store unless `location` is a URL."""
    place = location or str(folder / "store")
    ledger = open_databases(place)["ledger"]
    metadata.create_all(ledger.engine)
    now = datetime.now(UTC)
    SendingControl(ledger).adopt(IDENTITY, now)
    found = Deliveries(ledger).create(
        NewDelivery(
            campaign="rehearsal",
            version=1,
            execution_id=execution_id,
            execution_key=f"manual-{execution_id}",
            activity="offer",
            mode="live",
            content=_content(folder, now).to_json(),
            settings=DeliverySettings(connection="sink", doubt=doubt),
            content_date=now,
        ),
        now,
    )
    Planner(ledger, now).plan(found.id, _people(recipients))
    settings = SendSettings(
        identity=IDENTITY,
        state_folder=folder / "state",
        connections={
            "sink": SmtpConnection(
                host="127.0.0.1", port=port, security="none", connections=connections
            )
        },
        secrets={1: "ab" * 32},
        current_key=1,
        processes=processes,
    )
    return Rehearsal(place, found, settings, record)


def _people(count: int) -> Iterator[Recipient]:
    items = [{"name": f"Thing {n}", "price": f"{n}.90"} for n in range(5)]
    for n in range(count):
        fields = {"first_name": f"Zoë {n}", "spent": n * 3, "items": items}
        yield Recipient(f"p{n}", f"p{n}", f"person{n}@shop.example", fields)


def _content(folder: Path, now: datetime) -> FrozenContent:
    template = folder / "templates" / "sale"
    template.mkdir(parents=True, exist_ok=True)
    (template / "email.mjml").write_text(TEMPLATE)
    compiled = compile_email(
        read_template(folder / "templates", "sale"),
        base_url="https://t.shop.example",
        sender=Mailbox("Shop", "news@shop.example"),
        message_id_domain="shop.example",
        date=now,
        allowed={"first_name", "spent", "items"},
        subject="{{ first_name }}, the sale is on",
    )
    return FrozenContent.of(compiled)


@contextmanager
def sink_process(record: Path, faults: Sequence[dict[str, Any]] = ()) -> Iterator[int]:
    """The truthful sink as a process of its own; gives the port."""
    arguments = [part for fault in faults for part in ("--fault", json.dumps(fault))]
    command = [sys.executable, "-m", "campanile.channels.sink", "--record", str(record)]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def prove(
    *, recipients: int, kills: int, processes: int, connections: int, doubt: Doubt, seed: int
) -> dict[str, Any]:
    """Send with kills, and compare the ledger's account with the sink's record."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="campanile-kill-") as text:
        folder = Path(text)
        record = folder / "sink.jsonl"
        delay = [{"kind": "delay", "seconds": 0.005}]
        with sink_process(record, delay) as port:
            rehearsal = rehearse(
                folder,
                port,
                record,
                recipients=recipients,
                doubt=doubt,
                processes=processes,
                connections=connections,
            )
            killed = _send_with_kills(rehearsal, recipients, kills, chance)
            report = send_delivery(rehearsal.ledger, rehearsal.delivery.id, rehearsal.settings)
        return _verdict(rehearsal, report, killed, processes * connections)


def _send_with_kills(
    rehearsal: Rehearsal, recipients: int, kills: int, chance: random.Random
) -> int:
    """Start the send run in a process group and kill all of it at random progress."""
    killed = 0
    marks = sorted(chance.uniform(0.02, 0.95) for _ in range(kills))
    for mark in marks:
        runner = _start_runner(rehearsal)
        while runner.poll() is None and _lines(rehearsal.record) < mark * recipients:
            time.sleep(0.002)
        if runner.poll() is None:
            os.killpg(runner.pid, signal.SIGKILL)
            killed += 1
        runner.wait()
    return killed


def _start_runner(rehearsal: Rehearsal) -> "subprocess.Popen[str]":
    """A send run as the leader of its own process group, its workers inside."""
    settings = rehearsal.settings
    order = {
        "location": rehearsal.location,
        "delivery_id": rehearsal.delivery.id,
        "state_folder": str(settings.state_folder),
        "port": settings.connections["sink"].port,
        "connections": settings.connections["sink"].connections,
        "processes": settings.processes,
    }
    command = [sys.executable, "-m", "benchmarks.kill_send", "--run", json.dumps(order)]
    return subprocess.Popen(
        command, start_new_session=True, text=True, cwd=Path(__file__).parents[1]
    )


def _run_ordered(order: dict[str, Any]) -> None:
    settings = SendSettings(
        identity=IDENTITY,
        state_folder=Path(order["state_folder"]),
        connections={
            "sink": SmtpConnection(
                host="127.0.0.1",
                port=order["port"],
                security="none",
                connections=order["connections"],
            )
        },
        secrets={1: "ab" * 32},
        current_key=1,
        processes=order["processes"],
    )
    send_delivery(open_databases(order["location"])["ledger"], order["delivery_id"], settings)


def _lines(record: Path) -> int:
    """How many messages the sink has accepted (each record is one line)."""
    if not record.exists():
        return 0
    with record.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _verdict(
    rehearsal: Rehearsal, report: SendReport, killed: int, in_flight: int
) -> dict[str, Any]:
    ids: dict[str, set[str]] = {}
    copies: Counter[str] = Counter()
    for accepted in read_record(rehearsal.record):
        copies[accepted["rcpt"][0]] += 1
        ids.setdefault(accepted["rcpt"][0], set()).add(accepted["message_id"])
    account = report.account
    addresses = {
        row.ordinal: f"person{row.ordinal}@shop.example"
        for row in Messages(rehearsal.ledger).rows(rehearsal.delivery.id, ("sent",))
    }
    doubles = sum(number - 1 for number in copies.values())
    return {
        "name": "kill_send",
        "doubt": rehearsal.delivery.settings.doubt,
        "recipients": account.planned,
        "kills": killed,
        "accepted": sum(copies.values()),
        "lost": account.planned - account.uncertain - len(copies.keys() & set(addresses.values())),
        "false_sent": sum(copies[address] == 0 for address in addresses.values()),
        "doubles": doubles,
        "doubles_per_kill": round(doubles / max(killed, 1), 2),
        "most_copies": max(copies.values(), default=0),
        "allowed_per_kill": in_flight if account.uncertain == 0 else 0,
        "same_message_id": all(len(found) == 1 for found in ids.values()),
        "uncertain": account.uncertain,
        "uncertain_accepted": len(copies) - len(copies.keys() & set(addresses.values())),
        "doubts": account.doubts,
        "waiting": account.waiting,
        "in_flight": account.in_flight,
        "recovered_by_last_run": report.recovered,
        "account_closes": account.closes and account.is_final,
        "reason": report.reason,
    }


def measure(recipients: int, processes: int, connections: int) -> dict[str, Any]:
    """Messages a second, and per CPU-second of the sending processes, ledger included."""
    with tempfile.TemporaryDirectory(prefix="campanile-speed-") as text:
        folder = Path(text)
        with sink_process(folder / "sink.jsonl") as port:
            rehearsal = rehearse(
                folder,
                port,
                folder / "sink.jsonl",
                recipients=recipients,
                processes=processes,
                connections=connections,
            )
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            report = send_delivery(rehearsal.ledger, rehearsal.delivery.id, rehearsal.settings)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "name": "send_speed",
        "recipients": report.sent,
        "processes": processes,
        "connections": connections,
        "per_second": round(report.sent / report.seconds),
        "per_cpu_second": round(report.sent / cpu),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--doubt", choices=["at_least_once", "at_most_once", "both"], default="both"
    )
    parser.add_argument("--speed", action="store_true", help="measure the speed too")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        _run_ordered(json.loads(given.run))
        return 0
    policies: list[Doubt] = ["at_least_once", "at_most_once"]
    broken = False
    for doubt in policies:
        if given.doubt in (doubt, "both"):
            result = prove(
                recipients=given.recipients,
                kills=given.kills,
                processes=given.processes,
                connections=given.connections,
                doubt=doubt,
                seed=given.seed,
            )
            print(json.dumps(result))
            broken = broken or not is_kept(result, given.processes * given.connections)
    if given.speed:
        print(json.dumps(measure(given.recipients, given.processes, given.connections)))
    return int(broken)


def is_kept(result: dict[str, Any], in_flight: int) -> bool:
    """Whether a result keeps every promise of its doubt policy."""
    allowed = in_flight * result["kills"] if result["doubt"] == "at_least_once" else 0
    return (
        result["lost"] == 0
        and result["false_sent"] == 0
        and result["doubles"] <= allowed
        and result["same_message_id"]
        and result["account_closes"]
    )


if __name__ == "__main__":
    sys.exit(main())
