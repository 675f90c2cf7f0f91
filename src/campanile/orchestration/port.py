"""The operations that the orchestration calls, as it sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from campanile.orchestration.shapes import CampaignShape, EntityShape
from campanile.relations.types import Schema


@dataclass(frozen=True)
class Served:
    """A version the code location serves: the published one, or one a live execution needs."""

    campaign: str
    version: int
    published: bool


@dataclass(frozen=True)
class CommittedOutput:
    """One committed transition; see operations.executions."""

    transition: str
    asset: str
    rows: int
    rows_in: int
    reached: bool
    reason: str
    reused: bool
    sql: str
    schema: Schema
    seconds: float
    details: Mapping[str, Any] = field(default_factory=dict)


class SegmentRun(Protocol):
    """A segment begun by a run."""

    @property
    def mode(self) -> str:
        """Live or test."""


@dataclass(frozen=True)
class SegmentRequest:
    """A segment that is ready."""

    run_key: str
    partition: str
    campaign: str
    version: int
    execution_id: int
    segment: str
    attempt: int
    assets: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SendRequest:
    """A delivery with messages due."""

    delivery_id: int
    slice: int
    run_key: str


@dataclass(frozen=True)
class ReportRequest:
    """Report assets that are due for one execution."""

    run_key: str
    partition: str
    campaign: str
    version: int
    assets: tuple[str, ...]


Request = SegmentRequest | SendRequest | ReportRequest


@dataclass(frozen=True)
class Tick:
    """What is due now."""

    segments: Sequence[SegmentRequest] = ()
    sends: Sequence[SendRequest] = ()
    reports: Sequence[ReportRequest] = ()


@dataclass(frozen=True)
class StartedSegment:
    """A segment that a run was asked for, or that a run has begun."""

    execution_id: int
    segment: str
    attempt: int
    run_id: str | None


@dataclass(frozen=True)
class Claimed:
    """What became of a slot."""

    state: str
    reason: str
    request: SegmentRequest | None = None


class Operations(Protocol):
    """One project's operations."""

    def now(self) -> datetime:
        """Read the project's clock."""

    def problems(self) -> Mapping[str, str]:
        """Name what is wrong with the project as a whole, by place."""

    def live_versions(self) -> Sequence[Served]:
        """List what the code location serves."""

    def load_version(self, campaign: str, version: int) -> CampaignShape:
        """Read one version; raises DefinitionError."""

    def entities(self) -> Sequence[EntityShape]:
        """List the entities of the catalog."""

    def begin_segment(
        self,
        campaign: str,
        version: int,
        execution_key: str,
        segment: str,
        run_id: str,
        attempt: int | None,
    ) -> SegmentRun:
        """Begin a segment, or join the one begun; raises Refused."""

    def run_activity(self, run: SegmentRun, activity: str, part: str) -> Sequence[CommittedOutput]:
        """Commit an activity's outputs, or find them committed."""

    def finish_segment(self, run: SegmentRun) -> None:
        """Record that all of a segment is committed."""

    def fail_segment(self, run: SegmentRun, reason: str) -> None:
        """Record why a segment failed."""

    def tick(self) -> Tick:
        """List what is due now; changes nothing that Dagster must know."""

    def mark_requested(self, requests: Sequence[Request]) -> None:
        """Record that Dagster was asked."""

    def hold(self, request: Request, reason: str) -> None:
        """Record why a request cannot be asked."""

    def started_runs(self) -> Sequence[StartedSegment]:
        """List segments whose run is not known to be over."""

    def run_ended(self, started: StartedSegment, outcome: str) -> None:
        """Record what became of a run: success, failure, cancelled or missing."""

    def claim_slot(self, campaign: str, slot: datetime, claimed_by: str) -> Claimed:
        """Claim a slot of a schedule, once."""

    def new_people(self) -> Sequence[SegmentRequest]:
        """Start executions for people whose feedback is new."""

    def report_numbers(
        self, campaign: str, activity: str, execution_key: str
    ) -> Mapping[str, int | float]:
        """Count what became of a delivery's messages."""

    def send(self, delivery_id: int, slice_number: int, run_id: str) -> Mapping[str, Any]:
        """Send what is due of a delivery, within ten minutes."""

    def live_executions(self, campaign: str) -> frozenset[str]:
        """Name the executions of a campaign that are not over."""
