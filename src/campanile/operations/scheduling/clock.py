"""The clock: one look at everything that time moves, and what Dagster is to be asked for."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from campanile.errors import CampanileError, Refused
from campanile.operations.authoring.known_versions import known_versions
from campanile.operations.authoring.versions import get_version
from campanile.operations.executing.advancing import advance
from campanile.operations.feedback.feedback_files import purge_copies
from campanile.operations.project import Project
from campanile.operations.scheduling.housekeeping import keep_house
from campanile.operations.scheduling.notices import send_notices
from campanile.operations.scheduling.report_schedule import due_reports, note_asked
from campanile.operations.scheduling.requests import (
    ReportRequest,
    Request,
    SegmentRequest,
    StartedSegment,
    Tick,
    segment_request,
)
from campanile.operations.scheduling.schedules import sweep_slots
from campanile.operations.scheduling.sends import due_sends
from campanile.store.due import DueDeliveries

LOST_AFTER = timedelta(seconds=60)  # a request without a run is asked again, under the same key
Outcome = Literal["success", "failure", "cancelled", "missing"]
_REASONS: Mapping[Outcome, str] = {
    "success": "the run ended before all of the segment was committed",
    "failure": "the run failed or its process died",
    "cancelled": "the run was cancelled in Dagster",
    "missing": "Dagster does not know the run any more",
}
_LOOKED_AT = 25  # executions at a tick
_ASKED = 200  # segments at a tick; Dagster makes their runs before it ticks again
_HELD = 500  # segments at a tick


def tick(project: Project, now: datetime) -> Tick:
    """Open what is due and list what is to be run; nothing is marked as requested here.

    What does not work for one execution is its own trouble: it is paused with the reason, and the
    others go on.
    """
    sweep_slots(project, now)
    project.store.executions.release_queued()
    project.store.reviews.expire(now)
    moved = {gate.execution_id for gate in project.store.gates.release_due(now)}
    moved |= _release_settled(project, now)
    for execution_id in sorted(moved | _in_turn(project, now)):
        _advance(project, execution_id)
    _ask_lost_again(project, now)
    send_notices(project, now)
    purge_copies(project, now)
    keep_house(project, now)
    return Tick(
        segments=_ready(project),
        sends=due_sends(project, now),
        reports=due_reports(project, now),
    )


def mark_requested(project: Project, requests: Iterable[Request]) -> None:
    """Note that Dagster is asked; the same key asks again for the same run only.

    What was paused, stopped or begun by others in this moment stays as it is: its run finds that
    out when it begins.
    """
    asked = list(requests)
    project.store.segments.request(
        [
            (each.execution_id, each.segment, each.attempt)
            for each in asked
            if isinstance(each, SegmentRequest)
        ]
    )
    note_asked(project, [each for each in asked if isinstance(each, ReportRequest)])


def hold(project: Project, request: Request, reason: str) -> None:
    """Keep a request that the code location cannot run, with the reason, until it can."""
    if isinstance(request, SegmentRequest):
        with suppress(Refused):  # another clock has asked for it already
            project.store.segments.hold(request.execution_id, request.segment, reason=reason)


def started_runs(project: Project) -> list[StartedSegment]:
    """The segments whose run is not known to be over."""
    return [
        StartedSegment(row.execution_id, row.name, row.attempt, row.run_id, row.run_key)
        for row in project.store.segments.requested_or_started()
    ]


def run_ended(project: Project, started: StartedSegment, outcome: Outcome) -> None:
    """Take notice of the end of a run: the store decides what follows, Dagster never retries.

    A run that somebody cancelled pauses the execution; one that failed or vanished is tried again,
    three times in all. However it ended, a segment that is all committed has succeeded. A run of a
    part of it, by hand, is no failure. When another clock was quicker, nothing changes.
    """
    with suppress(Refused):
        if _is_done(project, started):
            project.store.segments.succeed(started.execution_id, started.segment, started.attempt)
            advance(project, started.execution_id)
        elif outcome == "success" and started.run_id is not None:
            project.store.segments.hand_back(
                started.execution_id, started.segment, started.attempt, started.run_id
            )
        else:
            _fail(project, started, outcome)


def retry_failed(project: Project) -> None:
    """Make failed segments of executions that are not paused ready for their next attempt."""
    for row in project.store.segments.failed():
        with suppress(Refused):
            project.store.segments.retry(row.execution_id, row.name, by="clock")


def _fail(project: Project, started: StartedSegment, outcome: Outcome) -> None:
    segments = project.store.segments
    told = _told_by_activity(project, started) if outcome == "failure" else None
    reason = told or _REASONS[outcome]
    row = segments.get(started.execution_id, started.segment)
    said = row.reason if row.state == "failed" and row.reason else reason
    failed = segments.fail(started.execution_id, started.segment, started.attempt, reason=said)
    if outcome == "cancelled":
        project.store.executions.pause(started.execution_id, by="dagster-ui", reason=reason)
    elif failed.state == "failed" and not _is_asleep(project, started.execution_id):
        segments.retry(started.execution_id, started.segment, by="clock")


def _told_by_activity(project: Project, started: StartedSegment) -> str | None:
    """What went wrong in this attempt, where an activity could still say so."""
    for error in project.store.activity_errors.of_execution(started.execution_id):
        if error.policy == "retry" and error.attempt == started.attempt:
            return f"activity '{error.activity}': {error.reason}"
    return None


def _ready(project: Project) -> list[SegmentRequest]:
    """Segments to run; held ones are offered again at every tick, since a reload may have helped.

    They come after the others, so that many of them keep nobody waiting.
    """
    retry_failed(project)
    segments = project.store.segments
    rows = [*segments.ready(_ASKED), *segments.held(_HELD)]
    known = known_versions(project, [(row.campaign, row.version) for row in rows])
    found = []
    for row in rows:
        try:
            found.append(segment_request(row, known.get(row.campaign, row.version)))
        except CampanileError as error:
            segments.hold(row.execution_id, row.name, reason=str(error))
    return found


def _in_turn(project: Project, now: datetime) -> set[int]:
    """Executions to look at though nothing tells that they moved, a few at each tick.

    Whoever commits or opens something moves the execution on at once; this is for those who died
    just before.
    """
    found = project.store.executions.open_executions()
    moving = [each.id for each in found if each.status in ("running", "waiting")]
    if len(moving) <= _LOOKED_AT:
        return set(moving)
    return set(Random(now.timestamp()).sample(moving, _LOOKED_AT))  # noqa: S311


def _release_settled(project: Project, now: datetime) -> set[int]:
    """Open the gates of deliveries whose messages are final, or where only retries remain."""
    due = DueDeliveries(project.store.databases["ledger"])
    released = set()
    for gate in project.store.gates.armed_deliveries():
        execution = project.store.executions.get(gate.execution_id)
        found = project.store.deliveries.find(execution.campaign, execution.id, gate.activity)
        if found is not None and due.has_settled(found.id, now):
            project.store.gates.release(gate.execution_id, gate.activity, by="clock")
            released.add(gate.execution_id)
    return released


def _advance(project: Project, execution_id: int) -> None:
    try:
        advance(project, execution_id)
    except CampanileError as error:
        with suppress(Refused):  # it ended in this moment
            project.store.executions.pause(
                execution_id, by="clock", reason=str(error), in_error=True
            )


def _ask_lost_again(project: Project, now: datetime) -> None:
    for row in project.store.segments.requested_or_started():
        if row.state == "requested" and row.requested_at and now - row.requested_at > LOST_AFTER:
            project.store.segments.ask_again(
                row.execution_id, row.name, row.attempt, reason="asked again: no run began"
            )


def _is_done(project: Project, started: StartedSegment) -> bool:
    execution = project.store.executions.get(started.execution_id)
    try:
        compiled = get_version(project, execution.campaign, execution.version)
    except CampanileError:
        return False  # nothing can be said of it; the next attempt says why
    cut = compiled.segment(started.segment)
    graph = compiled.graph
    needed = [t for name in cut.activities for t in (graph[name].outputs or (name,))]
    needed += [graph[name].plan for name in cut.plans]
    committed = project.store.manifests.committed(started.execution_id)
    return all(transition in committed for transition in needed)


def _is_asleep(project: Project, execution_id: int) -> bool:
    execution = project.store.executions.get(execution_id)
    return execution.is_final or execution.status in ("paused", "held")
