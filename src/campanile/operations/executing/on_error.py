"""What an error of an activity does: another attempt, an ignored branch, or the end of all.

How errors compose with the rest: an attempt that fails is repeated by the clock like any other, so
`ignore` and `stop` count from the last attempt on. What is ignored commits the activity's outputs
as not reached, without rows, so that all that follows is not reached either, and other branches go
on. What is no error of the activity (it was paused, held or ended meanwhile) changes nothing.
"""

from collections.abc import Mapping, Sequence

from campanile.activities.base import ActivityConfig
from campanile.campaigns.graph import Vertex
from campanile.campaigns.reach import working_tables
from campanile.errors import CampanileError, Refused
from campanile.operations.executing.population import ROW_KEY
from campanile.operations.executing.reaching import not_reached
from campanile.operations.executing.segment_run import SegmentRun
from campanile.store.activity_errors import IgnoredError
from campanile.store.manifest_rows import ManifestRow, OutputRow
from campanile.store.segment_rows import MAX_FAILURES

IGNORED = "error ignored"


def pause_where_written(
    run: SegmentRun,
    vertex: Vertex,
    config: ActivityConfig,
    committed: Mapping[str, ManifestRow],
    part: str,
) -> None:
    """Pause the execution before an activity that says so; raises Refused until it is resumed."""
    if not config.pause or part == "outputs" or not_reached(run, vertex, committed):
        return
    reason = f"activity '{vertex.name}' says `pause: true`"
    if run.project.store.pauses.pause_before(run.execution.id, vertex.name, reason):
        named = f"{run.execution.campaign} {run.execution.key}"
        raise Refused(
            f"the execution is paused before it: {reason}.", remedy=f"`campanile resume {named}`."
        )


def ignore_or_raise(
    run: SegmentRun, vertex: Vertex, transitions: Sequence[str], error: CampanileError
) -> None:
    """Do what the campaign says about an error of an activity; raises it unless it is ignored."""
    campaign = run.compiled.campaign
    store, reason = run.project.store, str(error)
    failures = store.activity_errors.record(
        run.execution.id, run.segment, run.attempt, vertex.name, reason
    )
    policy = campaign.activities[vertex.name].on_error or campaign.on_error
    if failures is None or policy == "pause" or failures + 1 < MAX_FAILURES:
        raise error
    if policy == "stop":
        why = f"activity '{vertex.name}' failed, and says `on_error: stop`: {reason}"
        store.executions.fail(run.execution.id, by="campanile", reason=why)
        raise error
    ignored = IgnoredError(vertex.name, run.attempt, reason, campaign.max_errors)
    rows = _without_rows(run, vertex, transitions, reason)
    store.manifests.commit_outputs(
        run.execution.id, run.segment, run.attempt, rows, effects=[ignored]
    )
    if vertex.plan in transitions:
        _call_back(run, vertex)


def _call_back(run: SegmentRun, vertex: Vertex) -> None:
    """Let nothing leave of a delivery that was planned before the error."""
    deliveries = run.project.store.deliveries
    planned = deliveries.find(run.execution.campaign, run.execution.id, vertex.name)
    if planned is not None:
        deliveries.cancel(planned.id, run.project.clock())


def _without_rows(
    run: SegmentRun, vertex: Vertex, transitions: Sequence[str], reason: str
) -> list[OutputRow]:
    """The outputs as not reached, with the columns that whoever reads them knows them by."""
    known = _columns(run)
    committed = run.committed()
    inherited = committed[vertex.inputs[0]].schema if vertex.inputs else {}
    return [
        OutputRow(
            transition=transition,
            activity=vertex.name,
            rows=0,
            schema={**inherited, ROW_KEY: "text"}
            if transition == vertex.plan
            else known.get(transition, inherited),
            reached=False,
            not_reached_reason=f"{IGNORED}: {reason}",
            details={IGNORED: reason},
        )
        for transition in transitions
    ]


def _columns(run: SegmentRun) -> dict[str, dict[str, str]]:
    """The columns of all transitions, as they follow from the rules; none where one is wrong."""
    compiled, definitions = run.compiled, run.project.definitions
    try:
        tables = working_tables(compiled.campaign, compiled.graph, definitions)
    except CampanileError:
        return {}
    return {
        transition: {name: kind.value for name, kind in relation.schema.items()}
        for transition, relation in tables.items()
    }
