"""Running a segment: begun with pins that its retries share, finished or failed."""

from campanile.campaigns.compiled import CompiledVersion
from campanile.errors import Refused, located
from campanile.operations.authoring.versions import get_version
from campanile.operations.executing.advancing import advance
from campanile.operations.executing.pins import make_pins
from campanile.operations.executing.segment_run import OpenSession, SegmentRun
from campanile.operations.project import Project
from campanile.store.execution_rows import Execution
from campanile.store.segment_rows import Segment


def begin_segment(
    project: Project,
    campaign: str,
    version: int,
    execution_key: str,
    segment: str,
    run_id: str,
    attempt: int | None = None,
    open_session: OpenSession | None = None,
) -> SegmentRun:
    """Begin a segment, or join it; without `attempt`, as by hand, its present one is meant.

    Raises Refused when the segment does not fit: another version, not ready yet (then it says what
    it waits for), a stale attempt, or an execution that is paused, held or over.
    """
    execution = project.store.executions.find(campaign, execution_key)
    with located(f"execution {execution.name}, segment '{segment}'"):
        compiled = get_version(project, campaign, version)
        row = _require_ready(project, execution, compiled, segment)
        begun = project.store.segments.begin(
            execution.id,
            segment,
            attempt=row.attempt if attempt is None else attempt,
            version=version,
            run_id=run_id,
            make_pins=lambda: make_pins(project, execution, compiled, row),
            takes_over=attempt is not None,
        )
    return SegmentRun(
        project=project,
        execution=begun.execution,
        compiled=compiled,
        segment=segment,
        attempt=begun.segment.attempt,
        pins=begun.pins,
        reused=begun.reused,
        open_session=open_session or project.warehouse.session,
    )


def finish_segment(run: SegmentRun) -> None:
    """Note that all of the segment is committed, and move the execution on."""
    run.shared.close()
    if not run.reused:
        run.project.store.segments.succeed(run.execution.id, run.segment, run.attempt)
    advance(run.project, run.execution.id)


def fail_segment(run: SegmentRun, reason: str) -> None:
    """Note why the attempt failed; the clock tries again, three times in all."""
    run.shared.close()
    run.project.store.segments.fail(run.execution.id, run.segment, run.attempt, reason=reason)


def _require_ready(
    project: Project, execution: Execution, compiled: CompiledVersion, segment: str
) -> Segment:
    """The row of the segment; where it has none yet, say what it waits for."""
    row = _row(project, execution, segment)
    if row is None:
        advance(project, execution.id)
        row = _row(project, execution, segment)
    if row is not None:
        return row
    known = [each.name for each in compiled.segments]
    if segment not in known:
        raise Refused(f"there is no segment '{segment}'; there are: {', '.join(known)}.")
    waits = project.store.executions.waits_for(execution.id).sentence
    raise Refused(
        f"it is not ready: the execution {waits}.",
        remedy="The clock starts it when it is due; pressing Materialize cannot open it early.",
    )


def _row(project: Project, execution: Execution, segment: str) -> Segment | None:
    rows = {row.name: row for row in project.store.segments.of_execution(execution.id)}
    return rows.get(segment)
