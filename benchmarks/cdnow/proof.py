"""The main job on real input: CDNOW's purchases, a campaign, clicks, retargeting, a report.

Every number is compared with one that was counted without the product: from the public files, from
what the SMTP sink recorded, and from what the simulated recipients noted.
"""

import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from benchmarks.cdnow.complete import complete_customers
from benchmarks.cdnow.independent import lapsed_buyers, reachable
from benchmarks.figures import Claim, Claims
from campanile.channels.sink import read_record
from campanile.demo.performance import Performance
from campanile.demo.stage import Stage
from campanile.operations.entities.loading.load import load_file
from campanile.operations.feedback.reports import report
from campanile.operations.project import Project
from campanile.store.execution_rows import Execution

EXPECTED = 2_187  # by a query of the public files that others made
_CAMPAIGNS = ("second_chance", "lapsed_buyers")
_LONGEST_SECONDS = 900.0
_QUIET_SECONDS = 8.0
_CONTROL = (0.07, 0.13)  # four standard deviations around a tenth of 2,187
_FOUND = (301, 302, 303, 307)
_TOKEN = re.compile(r"/[co]/([\w-]{26})")


def prove(folder: Path) -> list[Claim]:
    """Run everything on the files in `folder` and return the claims made."""
    claims = Claims("cdnow")
    template = Path(__file__).parent / "project"
    with (
        tempfile.TemporaryDirectory(prefix="campanile-cdnow-") as place,
        Stage.open(template, Path(place) / "project") as stage,
    ):
        completed = complete_customers(folder / "customers.csv", Path(place) / "customers.csv")
        _Proof(stage, stage.project(), claims, folder / "purchases.csv", completed).run()
    return claims.made


@dataclass(frozen=True)
class _Proof:
    stage: Stage
    project: Project
    claims: Claims
    purchases: Path
    completed: Path

    def run(self) -> None:
        for entity, file in (("customer", self.completed), ("purchase", self.purchases)):
            load_file(self.project, entity, file, actor="proof")
        performance = Performance(self.project, self.project.clock(), _CAMPAIGNS)
        performance.publish()
        self.stage.start_stack()
        performance.wait(_LONGEST_SECONDS, _tell, self.stage.ended)
        self._wait_for_quiet()
        found = performance.executions()
        offer, voucher = found["lapsed_buyers"][0], found["second_chance"][-1]
        lapsed = lapsed_buyers(self.purchases)
        self._claim_people(offer, lapsed)
        self._claim_delivery(performance, offer, lapsed)
        self._claim_feedback(offer, voucher)

    def _claim_people(self, offer: Execution, lapsed: set[int]) -> None:
        committed = self.project.store.manifests.committed(offer.id)
        self.claims.equal("plain Python finds the same customers", len(lapsed), EXPECTED)
        self.claims.equal("the campaign finds them", committed["lapsed"].rows, EXPECTED)
        self.claims.equal("the very same ones", self._keys(offer, "lapsed") == lapsed, True)
        control = len(self._keys(offer, "cells.control"))
        low, high = (share * EXPECTED for share in _CONTROL)
        self.claims.true("about a tenth is kept back", low < control < high, control)

    def _claim_delivery(self, performance: Performance, offer: Execution, lapsed: set[int]) -> None:
        control = self._keys(offer, "cells.control")
        expected = reachable(lapsed - control, self.completed)
        account = next(a for a in performance.accounts() if a.campaign == "lapsed_buyers").account
        excluded = {reason: len(expected[reason]) for reason in ("no_address", "no_consent")}
        self.claims.equal("exclusions by reason", dict(account.excluded), excluded)
        self.claims.equal("the ledger's sent", account.sent, len(expected["to send"]))
        copies = Counter(row["rcpt"][0] for row in self._accepted("offer"))
        addresses = {f"customer.{number}@example.com" for number in expected["to send"]}
        self.claims.true("the sink has each of them once", _once(copies, addresses), len(copies))
        every = performance.accounts()
        self.claims.true("every account closes", all(a.is_closed for a in every), len(every))
        total = sum(a.account.sent for a in every)
        self.claims.equal("the sink's count is the ledger's", self._sink_count(), total)

    def _claim_feedback(self, offer: Execution, voucher: Execution) -> None:
        numbers = report(self.project, "lapsed_buyers", offer.key).activity("offer").numbers
        for kind in ("opened", "clicked"):
            noted = self._visits(kind, self._delivery(offer, "offer"))
            people = [visit for visit in noted if visit["role"] == "person"]
            messages = {self._verified(visit) for visit in people}
            reaction = numbers.reaction(kind)
            self.claims.equal(f"{kind}: events of people", reaction.total, len(people))
            machines = len(noted) - len(people)
            self.claims.equal(f"{kind}: events of machines", reaction.machine, machines)
            self.claims.equal(f"{kind}: messages", reaction.messages, len(messages))
        self.claims.equal("retargeting was started by feedback", voucher.kind, "feedback")
        self.claims.equal("retargeting finished", voucher.status, "finished")
        clickers = {self._person(visit) for visit in self._visits("clicked", None)}
        reached = self._keys(voucher, "clickers")
        self.claims.true("it took clickers only", reached <= clickers, len(reached))

    def _keys(self, execution: Execution, transition: str) -> set[int]:
        path = self.project.store.manifests.committed(execution.id)[transition].path
        assert path is not None
        table = ds.dataset(  # type: ignore[no-untyped-call]
            self.project.warehouse.root / path
        ).to_table(columns=["customer_id"])
        return set(table.column("customer_id").to_pylist())

    def _delivery(self, execution: Execution, activity: str) -> int:
        found = self.project.store.deliveries.find(execution.campaign, execution.id, activity)
        assert found is not None
        return found.id

    def _visits(self, kind: str, delivery: int | None) -> list[dict[str, Any]]:
        """Answered visits, of one delivery or of all."""
        rows = [json.loads(line) for line in self.stage.visits.read_text().splitlines()]
        return [
            row
            for row in rows
            if row["kind"] == kind
            and row["status"] in (200, *_FOUND)
            and delivery in (None, self._verified(row)[0])
        ]

    def _verified(self, visit: dict[str, Any]) -> tuple[int, int]:
        return self.project.keys.verify("track", _TOKEN.findall(visit["url"])[0])

    def _person(self, visit: dict[str, Any]) -> int:
        delivery, ordinal = self._verified(visit)
        message = self.project.store.messages.get(delivery, ordinal)
        assert message is not None
        return int(message.person)

    def _accepted(self, subject: str) -> Sequence[dict[str, Any]]:
        words = {"offer": b"new music", "voucher": b"a voucher"}[subject]
        return [
            row
            for row in read_record(self.stage.record)
            if words in (self.stage.messages / row["file"]).read_bytes()[:4096]
        ]

    def _sink_count(self) -> int:
        return sum(1 for _ in read_record(self.stage.record))

    def _wait_for_quiet(self) -> None:
        """Until nobody has opened or clicked for a while."""
        size = -1
        while (now := self.stage.visits.stat().st_size) != size:
            size = now
            time.sleep(_QUIET_SECONDS)


def _once(copies: Counter[str], addresses: set[str]) -> bool:
    return set(copies) == addresses and set(copies.values()) <= {1}


def _tell(_sentences: object) -> None:
    """A proof is watched through its claims."""
