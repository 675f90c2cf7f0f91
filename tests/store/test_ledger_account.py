"""The seven promises as a state machine: whatever happens in whatever order, the account closes."""

import shutil
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from campanile.deliveries.addresses import address_hash
from campanile.deliveries.delivery import NewDelivery
from campanile.deliveries.messages import Claimed, Recipient, Reply
from campanile.deliveries.outcomes import Outcomes
from campanile.deliveries.settings import DeliverySettings
from campanile.store.claims import Claims
from campanile.store.consents import ConsentChange, Consents
from campanile.store.database import open_databases
from campanile.store.deliveries import Deliveries
from campanile.store.leases import Leases
from campanile.store.ledger_tables import metadata
from campanile.store.messages import Messages
from campanile.store.planning import Planner
from campanile.store.sending import SendingControl
from campanile.store.settling import settle_messages

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HERE = "production"
PEOPLE = 8


class Ledger(RuleBasedStateMachine):
    """Two processes, a provider that remembers what it took, and everything that can go wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="campanile-machine-"))
        self.ledger = open_databases(self.folder)["ledger"]
        metadata.create_all(self.ledger.engine)
        SendingControl(self.ledger).adopt(HERE, NOW)
        self.deliveries = Deliveries(self.ledger)
        self.leases = Leases(self.ledger)
        self.now = NOW
        self.owners = 0
        self.epochs: dict[str, int] = {}
        self.held: dict[str, list[Claimed]] = {"one": [], "two": []}
        self.dead: list[tuple[int, list[Claimed], set[int]]] = []
        self.accepted: Counter[int] = Counter()
        self.no: set[int] = set()
        self.halted = self.paused = self.cancelled = False

    def teardown(self) -> None:
        self.ledger.engine.dispose()
        shutil.rmtree(self.folder)

    @initialize(doubt=st.sampled_from(["at_least_once", "at_most_once"]))
    def plan(self, doubt: str) -> None:
        self.doubt = doubt
        new = NewDelivery(
            campaign="winback",
            version=1,
            execution_id=1,
            execution_key="manual-1",
            activity="offer",
            mode="live",
            content="{}",
            settings=DeliverySettings(connection="smtp_main", doubt=doubt),
            content_date=NOW,
        )
        self.id = self.deliveries.create(new, NOW).id
        rows = [Recipient(f"p{n}", f"p{n}", f"person{n}@shop.example") for n in range(PEOPLE)]
        rows.append(Recipient("again", "again", "PERSON0@shop.example"))
        Planner(self.ledger, NOW).plan(self.id, rows)
        self.outcomes = Outcomes(doubt, None, lambda: 0.5)
        for process in self.held:
            self.start(process)

    def start(self, process: str) -> None:
        self.owners += 1
        owner = f"{process}-{self.owners}"
        self.epochs[process] = self.leases.register(owner, self.id, "host", "boot", self.now)

    @rule(process=st.sampled_from(["one", "two"]), limit=st.integers(1, 4))
    def claim(self, process: str, limit: int) -> None:
        claims = Claims(self.ledger, self.id, self.epochs[process], HERE)
        claim = claims.claim(limit, self.now)
        if self.halted or self.paused or self.cancelled:
            assert not claim.messages
        assert not self.no & {one.ordinal for one in claim.messages}
        self.held[process] += claim.messages

    @precondition(lambda self: any(self.held.values()))
    @rule(
        data=st.data(),
        status=st.sampled_from(
            ["accepted", "deferred", "rejected", "unknown", "cancelled", "unrenderable"]
        ),
        was_taken=st.booleans(),
        repeated=st.booleans(),
    )
    def answer(self, data: st.DataObject, status: str, was_taken: bool, repeated: bool) -> None:
        process = data.draw(st.sampled_from([name for name, held in self.held.items() if held]))
        one = data.draw(st.sampled_from(self.held[process]))
        self.held[process].remove(one)
        if status == "accepted" or (status == "unknown" and was_taken):
            self.accepted[one.ordinal] += 1
        for _ in range(1 + repeated):
            self.settle(self.epochs[process], one, status)

    def settle(self, epoch: int, one: Claimed, status: str) -> None:
        reply = Reply(one.ordinal, one.attempt, status)
        settlement = self.outcomes.settle(reply, one, self.now)
        settle_messages(self.ledger, self.id, epoch, [settlement], self.now)

    @rule(process=st.sampled_from(["one", "two"]), begun=st.integers(0, 2), taken=st.integers(0, 2))
    def crash(self, process: str, begun: int, taken: int) -> None:
        """A process dies with `begun` bodies handed over, of which `taken` were accepted."""
        held, epoch = self.held[process], self.epochs[process]
        in_doubt = {one.ordinal for one in held[:begun]}
        for one in held[: min(begun, taken)]:
            self.accepted[one.ordinal] += 1
        self.dead.append((epoch, list(held), {one.ordinal for one in held[: min(begun, taken)]}))
        lease = next(lease for lease in self.leases.all(self.id) if lease.epoch == epoch)
        self.leases.take_over(lease, self.now, in_doubt=in_doubt)
        self.held[process] = []
        self.start(process)

    @precondition(lambda self: self.dead)
    @rule()
    def answer_of_the_dead(self) -> None:
        """The process was not dead but frozen: its acceptances arrive after the takeover."""
        epoch, held, taken = self.dead.pop()
        for one in held:
            if one.ordinal in taken:
                self.settle(epoch, one, "accepted")

    @rule(number=st.integers(0, PEOPLE - 1))
    def opt_out(self, number: int) -> None:
        hashed = address_hash(f"person{number}@shop.example")
        Consents(self.ledger).record([ConsentChange("email", "*", hashed, "out", self.now, "page")])
        self.no.add(number)

    @rule()
    def halt_or_arm(self) -> None:
        control = SendingControl(self.ledger)
        if self.halted:
            control.arm(HERE, self.now)
        else:
            control.halt("by hand", self.now)
        self.halted = not self.halted

    @precondition(lambda self: not self.cancelled)
    @rule()
    def pause_or_resume(self) -> None:
        # Too many rendering errors pause it too.
        if self.deliveries.get(self.id).state == "paused":
            self.deliveries.resume(self.id)
            self.paused = False
        else:
            self.deliveries.pause(self.id, "lunch")
            self.paused = True

    @precondition(lambda self: not self.cancelled)
    @rule(chance=st.integers(0, 4))
    def cancel(self, chance: int) -> None:
        if chance == 0:
            cancelled = self.deliveries.cancel(self.id, self.now)
            assert cancelled.already_out <= sum(self.accepted.values())
            self.cancelled = True

    @rule(minutes=st.sampled_from([1, 10, 300]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @invariant()
    def the_account_closes(self) -> None:
        if hasattr(self, "id"):
            account = self.deliveries.account(self.id)
            assert account.closes
            assert account.excluded["duplicate"] == 1
            assert account.planned == PEOPLE + 1

    @invariant()
    def nothing_is_called_sent_that_was_not_accepted(self) -> None:
        if hasattr(self, "id"):
            sent = {row.ordinal for row in Messages(self.ledger).rows(self.id, ("sent",))}
            assert sent <= self.accepted.keys()

    @invariant()
    def at_most_once_never_doubles(self) -> None:
        if getattr(self, "doubt", "") == "at_most_once":
            assert max(self.accepted.values(), default=0) <= 1


Ledger.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLedger = Ledger.TestCase
