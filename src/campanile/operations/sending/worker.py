"""One sending process of a send run: claims, sends over several connections, settles, gives back.

Started as `python -m campanile.operations.sending.worker` with its setup as one line of JSON on
standard input. It ends when nothing is due, when its deadline has come, or when its input ends,
which is how it notices that its parent is gone.
"""

import os
import random
import secrets
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from campanile.channels.base import Channel
from campanile.channels.smtp import SmtpChannel
from campanile.deliveries.frozen_content import FrozenContent
from campanile.deliveries.outcomes import Outcomes
from campanile.operations.sending.carrier import Carriage, Carrier, Trouble
from campanile.operations.sending.cores import one_core
from campanile.operations.sending.failpoints import Failpoints
from campanile.operations.sending.guard import Guard
from campanile.operations.sending.hosts import boot_id, host_name
from campanile.operations.sending.journal import Journal
from campanile.operations.sending.outbox import Outbox
from campanile.operations.sending.sequence_file import SequenceFile
from campanile.operations.sending.setup import WorkerReport, WorkerSetup
from campanile.operations.sending.shelf import Shelf
from campanile.operations.sending.speed import Speed
from campanile.store.claims import MOST_CLAIMED, Claims
from campanile.store.database import open_databases
from campanile.store.deliveries import Deliveries, pause_in
from campanile.store.leases import LEASE, Leases
from campanile.store.settling import settle_messages

_SETTLE_SECONDS: Final = 0.2
_RENEW_SECONDS: Final = 5.0
_REPORT_SECONDS: Final = 1.0
_IDLE_SECONDS: Final = 0.05
_LEASE_MARGIN_SECONDS: Final = 5.0

Clock = Callable[[], datetime]
Say = Callable[[WorkerReport], None]


class Worker:
    """The main thread of a sending process: the only one that writes to the ledger."""

    def __init__(
        self,
        setup: WorkerSetup,
        *,
        channel: Channel,
        clock: Clock,
        say: Say,
        failpoints: Failpoints,
    ) -> None:
        self._setup = setup
        self._channel = channel
        self._clock = clock
        self._say = say
        self._failpoints = failpoints
        self._stopping = threading.Event()
        self._ledger = open_databases(setup.location)["ledger"]
        self._leases = Leases(self._ledger)
        self._delivery = Deliveries(self._ledger).get(setup.delivery_id)
        self._outcomes = Outcomes(
            self._delivery.settings.doubt, self._delivery.expires_at, random.random
        )
        self._shelf = Shelf(MOST_CLAIMED)
        self._trouble = Trouble()
        self._speed = Speed(channel.connections)
        self._sequence = SequenceFile(setup.state_folder)
        self._replies: Counter[str] = Counter()
        self._excluded = 0
        self._reason: str | None = None
        self._is_exhausted = False
        self._claim_at = float("-inf")
        self._settled_at = self._renewed_at = self._reported_at = time.monotonic()

    def stop(self) -> None:
        """Claim nothing more, finish what is under way, give back the rest; from any thread."""
        self._stopping.set()
        self._shelf.news.set()

    def run(self) -> WorkerReport:
        """Send until there is a reason to end; returns the totals and the reason."""
        owner = secrets.token_hex(8)
        journal = Journal(self._setup.journals, owner)
        self._failpoints.reach("journal_made")
        self._epoch = self._leases.register(
            owner, self._setup.delivery_id, host_name(), boot_id(), self._clock()
        )
        self._failpoints.reach("registered")
        self._guard = Guard(
            self._ledger, self._setup.delivery_id, self._setup.identity, self._shelf.held
        )
        self._guard.renewed(LEASE.total_seconds() - _LEASE_MARGIN_SECONDS)
        self._guard.start()
        self._claims = Claims(
            self._ledger,
            self._setup.delivery_id,
            self._epoch,
            self._setup.identity,
            rate=self._setup.connection.rate,
        )
        self._start_carriers(journal)
        while self._reason is None:
            self._step()
        self._finish(journal)
        return self._report(self._reason)

    def _start_carriers(self, journal: Journal) -> None:
        content = FrozenContent.from_json(Deliveries(self._ledger).content(self._delivery.id))
        carriage = Carriage(
            channel=self._channel,
            outbox=Outbox(self._delivery, content, self._setup.keys),
            shelf=self._shelf,
            guard=self._guard,
            journal=journal,
            failpoints=self._failpoints,
            trouble=self._trouble,
            clock=self._clock,
        )
        for number in range(self._channel.connections):
            Carrier(carriage).start(f"carrier-{number}")

    def _step(self) -> None:
        self._settle_in_time()
        self._renew_in_time()
        self._report_in_time()
        self._reason = self._reason_to_end()
        if self._reason is None:
            if self._trouble.is_waiting:
                self._shelf.drain()
            else:
                self._claim_in_time()
            self._shelf.news.wait(_IDLE_SECONDS)
            self._shelf.news.clear()

    def _reason_to_end(self) -> str | None:
        if self._trouble.refusal is not None:
            self._pause(self._trouble.refusal)
            return "refused"
        if self._trouble.broken is not None:
            return "broken"
        if self._guard.refusal is not None:
            return "forbidden"
        if self._stopping.is_set():
            return "stopped"
        if self._clock() >= self._setup.deadline:
            return "deadline"
        is_idle = not (self._shelf.waiting or self._shelf.in_hand or self._shelf.done)
        return "nothing_due" if self._is_exhausted and is_idle else None

    def _claim_in_time(self) -> None:
        wanted = self._speed.a_second - self._shelf.waiting
        if self._is_exhausted or wanted <= min(self._shelf.waiting, MOST_CLAIMED - 1):
            return
        if time.monotonic() < self._claim_at:
            return
        claim = self._claims.claim(wanted, self._clock())
        self._failpoints.reach("claimed")
        self._excluded += claim.excluded
        if claim.stop is not None:
            self._guard.refusal = claim.stop
            return
        if claim.messages:
            self._sequence.raise_to(claim.sequence)
            self._failpoints.reach("sequenced")
            self._shelf.put(claim, low=self._speed.a_second // 2)
        elif claim.again_at is not None:
            wait = (claim.again_at - self._clock()).total_seconds()
            self._claim_at = time.monotonic() + max(wait, 0.0)
        elif not claim.more:
            self._is_exhausted = True

    def _settle_in_time(self) -> None:
        now = time.monotonic()
        is_idle = not (self._shelf.waiting or self._shelf.in_hand)
        is_time = now - self._settled_at >= _SETTLE_SECONDS
        if self._shelf.done >= MOST_CLAIMED or (self._shelf.done and (is_time or is_idle)):
            self._settle()

    def _settle(self) -> None:
        answers = self._shelf.collect()
        now = self._clock()
        settlements = [self._outcomes.settle(reply, held.claimed, now) for reply, held in answers]
        settled = settle_messages(
            self._ledger, self._setup.delivery_id, self._epoch, settlements, now
        )
        if settled.paused is not None:
            self._guard.refusal = f"the delivery is paused: {settled.paused}"
        self._failpoints.reach("settled")
        self._settled_at = time.monotonic()
        statuses = Counter(reply.status for reply, _ in answers)
        self._replies.update(statuses)
        came_back = statuses["not_sent"] + statuses["cancelled"]
        self._speed.answered(len(answers) - came_back, self._settled_at)
        if came_back:
            self._is_exhausted = False

    def _renew_in_time(self) -> None:
        asked_at = time.monotonic()
        if asked_at - self._renewed_at < _RENEW_SECONDS:
            return
        self._renewed_at = asked_at
        if self._leases.renew(self._epoch, self._clock()):
            took = time.monotonic() - asked_at
            self._guard.renewed(LEASE.total_seconds() - _LEASE_MARGIN_SECONDS - took)
        else:
            self._guard.refusal = "the lease was taken over by another process"

    def _report_in_time(self) -> None:
        now = time.monotonic()
        if now - self._reported_at >= _REPORT_SECONDS:
            self._reported_at = now
            self._say(self._report(None))

    def _finish(self, journal: Journal) -> None:
        """Give back what nobody began, wait for the rest, end the lease."""
        last = time.monotonic() + self._setup.drain_seconds
        self._shelf.drain()
        self._shelf.close()
        while (self._shelf.in_hand or self._shelf.done) and time.monotonic() < last:
            self._renew_in_time()
            if self._shelf.done:
                self._settle()
            else:
                self._shelf.news.wait(_IDLE_SECONDS)
                self._shelf.news.clear()
        self._guard.stop()
        is_clean = self._leases.release(self._epoch)
        self._failpoints.reach("released")
        journal.close(remove=is_clean)

    def _pause(self, reason: str) -> None:
        with self._ledger.write() as connection:
            pause_in(connection, self._setup.delivery_id, reason)

    def _report(self, reason: str | None) -> WorkerReport:
        trouble = self._trouble
        note = self._guard.refusal or trouble.refusal or trouble.broken or trouble.note
        return WorkerReport(
            replies=dict(self._replies), excluded=self._excluded, reason=reason, note=note
        )


def main() -> None:
    """Read the setup, send, and say what came of it."""
    setup = WorkerSetup.model_validate_json(sys.stdin.readline())
    failpoints = Failpoints()
    failpoints.arm_from(os.environ.get("CAMPANILE_FAILPOINT", ""))
    worker = Worker(
        setup,
        channel=SmtpChannel(setup.connection),
        clock=lambda: datetime.now(UTC),
        say=_say,
        failpoints=failpoints,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    threading.Thread(target=_watch_parent, args=(worker,), daemon=True).start()
    with one_core(setup.state_folder / "cores"):
        _say(worker.run())


def _watch_parent(worker: Worker) -> None:
    """The parent keeps our input open for as long as it lives and wants us."""
    while sys.stdin.readline():
        pass
    worker.stop()


def _say(report: WorkerReport) -> None:
    with suppress(BrokenPipeError):  # a parent that is gone has no use for it
        sys.stdout.write(report.model_dump_json() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
