"""What the store asks of Dagster: runs of segments, sends and reports, each under a key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campanile.campaigns.compiled import CompiledVersion
from campanile.store.segment_rows import Segment


@dataclass(frozen=True)
class SegmentRequest:
    """A segment that is ready; `assets` are those one run makes together."""

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
    due_at: datetime | None = None


Request = SegmentRequest | SendRequest | ReportRequest


@dataclass(frozen=True)
class Tick:
    """What is due now."""

    segments: Sequence[SegmentRequest] = ()
    sends: Sequence[SendRequest] = ()
    reports: Sequence[ReportRequest] = ()


@dataclass(frozen=True)
class StartedSegment:
    """A segment that a run was asked for (then without `run_id`), or that a run has begun."""

    execution_id: int
    segment: str
    attempt: int
    run_id: str | None
    run_key: str = ""


def segment_request(row: Segment, compiled: CompiledVersion) -> SegmentRequest:
    """The request of a ready segment's present attempt."""
    return SegmentRequest(
        run_key=row.run_key,
        partition=row.key,
        campaign=row.campaign,
        version=row.version,
        execution_id=row.execution_id,
        segment=row.name,
        attempt=row.attempt,
        assets=compiled.segment(row.name).assets,
        tags={"campanile/mode": row.mode},
    )
