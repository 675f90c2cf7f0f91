"""The send run: a short time of sending what is due of one delivery, by several processes."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Final

from campanile.channels.smtp import SmtpConnection
from campanile.deliveries.account import Account
from campanile.deliveries.delivery import Delivery, Due
from campanile.operations.sending.arming import refuse_old_copy
from campanile.operations.sending.failpoints import Failpoints
from campanile.operations.sending.recovery import Recovery
from campanile.operations.sending.setup import (
    WorkerReport,
    WorkerSetup,
    journals_folder,
    location_of,
)
from campanile.store.claims import MOST_CLAIMED
from campanile.store.database import Database
from campanile.store.deliveries import Deliveries
from campanile.store.due import DueDeliveries
from campanile.store.leases import TakenOver
from campanile.store.sending import SendingControl

LONGEST: Final = timedelta(minutes=10)
_POLL_SECONDS: Final = 0.1
_FAREWELL_SECONDS: Final = 5.0

Progress = Callable[[Mapping[str, int]], None]


@dataclass(frozen=True)
class SendSettings:
    """Where and how a project sends; `identity` is the environment that must be armed.

    `state_folder` holds journals and the send sequence, outside the store. `secrets` are the
    signing keys by id as text, `current_key` the one that signs.
    """

    identity: str
    state_folder: Path
    connections: Mapping[str, SmtpConnection]
    secrets: Mapping[int, str]
    current_key: int
    processes: int = 1
    drain_seconds: float = 10.0


@dataclass(frozen=True)
class SendReport:
    """What a send run did; `reason` is a word, `note` the sentence behind it.

    Reasons: nothing_due, deadline, stopped, forbidden (halt, disarmed, paused, cancelled), refused
    (the provider does not want us), broken (journal or process). `replies`: answers by status.
    """

    delivery_id: int
    reason: str
    note: str | None
    replies: Mapping[str, int]
    excluded: int
    recovered: int
    crashed: int
    seconds: float
    account: Account

    @property
    def sent(self) -> int:
        """Messages that the provider accepted during this run."""
        return self.replies.get("accepted", 0)


@dataclass
class _Process:
    popen: "subprocess.Popen[str]"
    report: WorkerReport = field(default_factory=lambda: WorkerReport(replies={}))
    listener: threading.Thread | None = None


def send_delivery(
    ledger: Database,
    delivery_id: int,
    settings: SendSettings,
    *,
    until: datetime | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> SendReport:
    """Send what is due of a delivery, until nothing is, or until `until` (10 minutes at most).

    Retries in the future do not hold it. Whatever a dead process left behind is settled first, so
    that running this again after any crash is all that recovery needs. Two runs at once share the
    work. `stop` ends it gracefully. Raises Refused for an unknown delivery.
    """
    began = time.monotonic()
    now = clock()
    deadline = min(until or now + LONGEST, now + LONGEST)
    recovery = Recovery(ledger, journals_folder(settings.state_folder), Failpoints())
    recovered = recovery.run(now, delivery_id)
    found = Deliveries(ledger).get(delivery_id)
    refusal = refuse_old_copy(ledger, settings.state_folder, now) or _refusal(
        ledger, found, settings
    )
    reports: list[WorkerReport] = []
    if refusal is None:
        DueDeliveries(ledger).begin_slice(delivery_id)
        run = _Run(ledger, found, settings, deadline, clock, progress, stop or threading.Event())
        reports, late = _send_in_rounds(run, recovery)
        recovered += late
    return SendReport(
        delivery_id=delivery_id,
        reason="forbidden" if refusal else _reason(reports),
        note=refusal or next((report.note for report in reports if report.note), None),
        replies=_sum(reports),
        excluded=sum(report.excluded for report in reports),
        recovered=sum(one.given_back + one.sent_again + one.uncertain for one in recovered),
        crashed=sum(report.reason is None for report in reports),
        seconds=time.monotonic() - began,
        account=Deliveries(ledger).account(delivery_id),
    )


def due_deliveries(ledger: Database, settings: SendSettings, now: datetime) -> list[Due]:
    """Deliveries that need a send run now, for the clock; those with a live one are left out.

    An old copy of the store is recognised here too, and disarmed.
    """
    if refuse_old_copy(ledger, settings.state_folder, now):
        return []
    recovery = Recovery(ledger, journals_folder(settings.state_folder), Failpoints())
    return DueDeliveries(ledger).due(
        settings.identity, now, lambda lease: recovery.is_alive(lease, now)
    )


@dataclass(frozen=True)
class _Run:
    """What stays the same during a send run."""

    ledger: Database
    found: Delivery
    settings: SendSettings
    deadline: datetime
    clock: Callable[[], datetime]
    progress: Progress | None
    stop: threading.Event


def _send_in_rounds(run: _Run, recovery: Recovery) -> tuple[list[WorkerReport], list[TakenOver]]:
    """Send, and once more whenever a process turns out to be dead that seemed alive before.

    A killed process keeps its journal until its last write to disk ends, which may be after the
    first recovery: what it held is due now, and belongs to this run.
    """
    reports: list[WorkerReport] = []
    recovered: list[TakenOver] = []
    while True:
        number = _how_many(run.ledger, run.found, run.settings)
        processes = [_start(_setup(run)) for _ in range(number)]
        _watch(run, processes, before=_sum(reports))
        reports += [process.report for process in processes]
        late = recovery.run(run.clock(), run.found.id)
        recovered += late
        if _reason(reports) != "nothing_due" or not any(one.is_due for one in late):
            return reports, recovered


def _refusal(ledger: Database, found: Delivery, settings: SendSettings) -> str | None:
    refusal = SendingControl(ledger).state().refusal(settings.identity)
    if refusal is None and not found.may_be_sent:
        refusal = f"the delivery is {found.state} and waits for {found.waits_for}"
    if refusal is None and found.settings.connection not in settings.connections:
        known = ", ".join(sorted(settings.connections)) or "none"
        refusal = f"there is no connection '{found.settings.connection}'; there are: {known}"
    return refusal


def _how_many(ledger: Database, found: Delivery, settings: SendSettings) -> int:
    waiting = Deliveries(ledger).account(found.id).waiting
    return max(1, min(settings.processes, ceil(waiting / MOST_CLAIMED)))


def _setup(run: _Run) -> WorkerSetup:
    found, settings = run.found, run.settings
    return WorkerSetup(
        location=location_of(run.ledger),
        delivery_id=found.id,
        identity=settings.identity,
        state_folder=settings.state_folder.absolute(),
        connection=settings.connections[found.settings.connection],
        secrets=settings.secrets,
        current_key=settings.current_key,
        deadline=run.deadline,
        drain_seconds=settings.drain_seconds,
    )


def _start(setup: WorkerSetup) -> _Process:
    """Start a process that inherits nothing but its input, which stays open as a sign of life."""
    popen = subprocess.Popen(
        [sys.executable, "-m", "campanile.operations.sending.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process = _Process(popen)
    process.listener = threading.Thread(target=_listen, args=(process,), daemon=True)
    process.listener.start()
    if popen.stdin is not None:
        popen.stdin.write(setup.model_dump_json() + "\n")
        popen.stdin.flush()
    return process


def _listen(process: _Process) -> None:
    for line in process.popen.stdout or ():
        if line.startswith("{"):
            process.report = WorkerReport.model_validate_json(line)


def _watch(run: _Run, processes: list[_Process], before: Mapping[str, int]) -> None:
    """Wait for all processes; past the deadline they get time to finish, then they are ended.

    `before` are the answers of earlier rounds, so that the progress never goes back.
    """
    told = False
    last = float("inf")
    while any(process.popen.poll() is None for process in processes):
        if not told and (run.stop.is_set() or run.clock() >= run.deadline):
            told = True
            last = time.monotonic() + run.settings.drain_seconds + _FAREWELL_SECONDS
            for process in processes:
                _close_input(process)
        if time.monotonic() >= last:
            for process in processes:
                process.popen.kill()
        if run.progress is not None:
            now = _sum([process.report for process in processes])
            run.progress(dict(Counter(before) + Counter(now)))
        run.stop.wait(_POLL_SECONDS) if not told else time.sleep(_POLL_SECONDS)
    for process in processes:
        _end(process)


def _end(process: _Process) -> None:
    """Take leave of a process that has ended, once its last line was read."""
    process.popen.wait()
    if process.listener is not None:
        process.listener.join()
    _close_input(process)
    if process.popen.stdout is not None:
        process.popen.stdout.close()


def _close_input(process: _Process) -> None:
    if process.popen.stdin is not None:
        process.popen.stdin.close()


def _reason(reports: list[WorkerReport]) -> str:
    """The most serious reason; a process that did not say why it ended was broken."""
    given = {report.reason or "broken" for report in reports}
    order = ("refused", "forbidden", "broken", "stopped", "deadline", "nothing_due")
    return next((reason for reason in order if reason in given), "nothing_due")


def _sum(reports: list[WorkerReport]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for report in reports:
        total.update(report.replies)
    return dict(total)
