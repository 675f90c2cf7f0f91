"""A small real project for the orchestration: executions, segments and gates kept in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from campanile.errors import DefinitionError, Refused
from campanile.orchestration.location import CampaignLocation
from campanile.orchestration.port import (
    Claimed,
    CommittedOutput,
    SegmentRequest,
    Served,
    StartedSegment,
    Tick,
)
from campanile.orchestration.shapes import (
    ActivityShape,
    CampaignShape,
    EntityShape,
    ScheduleShape,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class Run:
    execution: str
    campaign: CampaignShape
    segment: str
    mode: str = "live"


@dataclass
class Segment:
    state: str = "ready"
    attempt: int = 1
    run_id: str | None = None
    reason: str = ""


@dataclass
class SmallOperations:
    """Commits once, gates by a clock; the promises of the real operations, without data."""

    clock: datetime = NOON
    versions: dict[tuple[str, int], CampaignShape] = field(default_factory=dict)
    published: dict[str, int] = field(default_factory=dict)
    executions: dict[str, tuple[str, int]] = field(default_factory=dict)
    segments: dict[tuple[str, str], Segment] = field(default_factory=dict)
    committed: dict[tuple[str, str], CommittedOutput] = field(default_factory=dict)
    due: dict[tuple[str, str], datetime] = field(default_factory=dict)
    unreached: set[str] = field(default_factory=set)
    saved: list[str] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    held: list[tuple[Any, str]] = field(default_factory=list)
    ended: list[tuple[str, str]] = field(default_factory=list)
    extra: list[Any] = field(default_factory=list)
    problem: dict[str, str] = field(default_factory=dict)

    def now(self) -> datetime:
        return self.clock

    def problems(self) -> dict[str, str]:
        return self.problem

    def live_versions(self) -> list[Served]:
        self.read.append("all")
        needed = set(self.published.items()) | set(self.executions.values())
        return [Served(c, v, self.published.get(c) == v) for c, v in sorted(needed)]

    def load_version(self, campaign: str, version: int) -> CampaignShape:
        self.read.append(f"{campaign} {version}")
        if (campaign, version) not in self.versions:
            raise DefinitionError(f"campaign '{campaign}' has no version {version}")
        return self.versions[campaign, version]

    def entities(self) -> list[EntityShape]:
        return [EntityShape("customer", columns={"customer_id": "text"})]

    def publish(self, campaign: CampaignShape) -> None:
        self.versions[campaign.name, campaign.version] = campaign
        self.published[campaign.name] = campaign.version

    def start(self, campaign: str, key: str) -> None:
        self.executions[key] = (campaign, self.published[campaign])
        self.segments[key, "start"] = Segment()

    def begin_segment(
        self, campaign: str, version: int, key: str, segment: str, run_id: str, attempt: int | None
    ) -> Run:
        if self.executions.get(key) != (campaign, version):
            raise Refused(f"execution {key} does not run version {version} of '{campaign}'")
        row = self.segments.get((key, segment))
        if row is None:
            raise Refused(f"segment '{segment}' waits until {self.due_of(key, segment)}")
        if attempt not in (None, row.attempt):
            raise Refused(f"attempt {attempt} is not attempt {row.attempt}")
        row.run_id = run_id
        if row.state != "succeeded":
            row.state = "started"
        return Run(key, self.versions[campaign, version], segment)

    def due_of(self, key: str, segment: str) -> str:
        return str(self.due.get((key, segment), "its inputs are committed"))

    def run_activity(self, run: Run, activity: str, part: str) -> list[CommittedOutput]:
        shape = next(a for a in run.campaign.activities if a.name == activity)
        names = (f"{activity}__plan",) if part == "plan" else shape.asset_names()
        outputs = []
        for name in names:
            known = self.committed.get((run.execution, name))
            if known is None:
                reached = name not in self.unreached and all(
                    self.committed[run.execution, each].reached for each in shape.inputs
                )
                known = CommittedOutput(
                    name,
                    name,
                    10 if reached else 0,
                    10,
                    reached,
                    "" if reached else "empty",
                    False,
                    "SELECT 1",
                    {"customer_id": "text"},
                    0.01,
                    {"excluded": {"no_address": 2}},
                )
                self.committed[run.execution, name] = known
                if shape.type == "save_audience" and reached:
                    self.saved.append(activity)
                outputs.append(known)
            else:
                outputs.append(replace(known, reused=True))
        return outputs

    def finish_segment(self, run: Run) -> None:
        self.segments[run.execution, run.segment].state = "succeeded"
        for shape in run.campaign.activities:
            key = (run.execution, shape.segment)
            inputs = [self.committed.get((run.execution, name)) for name in shape.inputs]
            if not shape.gate or key in self.due or None in inputs:
                continue
            if all(each.reached for each in inputs):
                self.due[key] = self.clock + timedelta(days=3)
            else:
                self.segments.setdefault(key, Segment())

    def fail_segment(self, run: Run, reason: str) -> None:
        row = self.segments[run.execution, run.segment]
        if row.state != "succeeded":
            row.state, row.reason, row.attempt = "ready", reason, row.attempt + 1

    def tick(self) -> Tick:
        for key, due in self.due.items():
            if due <= self.clock:
                self.segments.setdefault(key, Segment())
        ready = []
        for (key, segment), row in self.segments.items():
            if row.state == "ready":
                campaign, version = self.executions[key]
                shape = self.versions[campaign, version]
                ready.append(
                    SegmentRequest(
                        f"{key}/{segment}/{row.attempt}",
                        key,
                        campaign,
                        version,
                        1,
                        segment,
                        row.attempt,
                        shape.segment_assets(segment),
                    )
                )
        return Tick(segments=[*ready, *self.extra])

    def mark_requested(self, requests: Any) -> None:
        for request in requests:
            if isinstance(request, SegmentRequest):
                self.segments[request.partition, request.segment].state = "requested"

    def hold(self, request: Any, reason: str) -> None:
        self.held.append((request, reason))

    def started_runs(self) -> list[StartedSegment]:
        return [
            StartedSegment(1, segment, row.attempt, row.run_id)
            for (_, segment), row in self.segments.items()
            if row.state == "started"
        ]

    def run_ended(self, started: StartedSegment, outcome: str) -> None:
        self.ended.append((started.segment, outcome))

    def claim_slot(self, campaign: str, slot: datetime, claimed_by: str) -> Claimed:
        key = slot.strftime("%Y-%m-%dT%H-%M")
        if key in self.executions:
            return Claimed("skip", f"slot {key} is claimed")
        self.start(campaign, key)
        return Claimed("run", "", self.tick().segments[-1])

    def new_people(self) -> list[SegmentRequest]:
        return []

    def report_numbers(self, campaign: str, activity: str, key: str) -> dict[str, int | float]:
        return {"sent": 10, "opened": 4, "open rate": 0.4}

    def send(self, delivery_id: int, slice_number: int, run_id: str) -> dict[str, Any]:
        self.sent.append(delivery_id)
        return {"sent": 10}

    def live_executions(self, campaign: str) -> frozenset[str]:
        return frozenset(k for k, (c, _) in self.executions.items() if c == campaign)


def winback(version: int = 1, **changes: Any) -> CampaignShape:
    """lapsed -> cells (a, b); a -> offer (email) -> three_days -> keen (filter) -> save."""
    customer = ("customer",)
    campaign = CampaignShape(
        "winback",
        version,
        (
            ActivityShape("lapsed", "build_audience", "start", entities=customer, digest="d1"),
            ActivityShape("cells", "split", "start", ("a", "b"), ("lapsed",)),
            ActivityShape(
                "offer",
                "email",
                "after_offer",
                ("", "excluded", "failed", "holdout"),
                ("cells__a",),
                channel="email",
                plan_segment="start",
            ),
            ActivityShape(
                "three_days",
                "wait",
                "after_three_days",
                ("",),
                ("cells__b",),
                gate=True,
                waits_for="3 days",
            ),
            ActivityShape("keen", "filter", "after_three_days", ("",), ("three_days",)),
            ActivityShape("keep", "save_audience", "after_three_days", ("",), ("keen",)),
        ),
        owner="crm@shop.example",
        tags=("winter", "not a tag!"),
        schedule=ScheduleShape(("0 9 * * 1",), "Europe/Paris", "Every Monday at 09:00."),
    )
    return replace(campaign, **changes)


@pytest.fixture
def operations() -> SmallOperations:
    small = SmallOperations()
    small.publish(winback())
    return small


@pytest.fixture
def campaign() -> Callable[..., CampaignShape]:
    return winback


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def location(operations: SmallOperations) -> Callable[[], dg.RepositoryDefinition]:
    """Load the code location anew, as a reload does."""

    def load() -> dg.RepositoryDefinition:
        return dg.RepositoryDefinition(
            "campaigns", repository_data=CampaignLocation(lambda: operations)
        )

    return load


@pytest.fixture
def run(
    operations: SmallOperations,
    instance: dg.DagsterInstance,
    location: Callable[[], dg.RepositoryDefinition],
) -> Callable[..., list[dg.ExecuteInProcessResult]]:
    """Let the clock tick, and execute what it asks for as run workers would: job by job."""

    def tick_and_run() -> list[dg.ExecuteInProcessResult]:
        repository = location()
        with dg.build_sensor_context(instance=instance, repository_def=repository) as context:
            asked = repository.get_sensor_def("campaign_clock").evaluate_tick(context)
        return [execute(location(), instance, request) for request in asked.run_requests or []]

    return tick_and_run


def execute(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, request: dg.RunRequest
) -> dg.ExecuteInProcessResult:
    return repository.get_job(request.job_name or "").execute_in_process(
        instance=instance,
        partition_key=request.partition_key,
        asset_selection=list(request.asset_selection or []) or None,
        tags=dict(request.tags),
        run_config=request.run_config,
        raise_on_error=False,
    )
