"""Running one activity: its outputs are computed, written and committed together, once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from campanile.activities import activity_type
from campanile.activities.base import ActivityConfig
from campanile.activities.options import with_parameters
from campanile.campaigns.graph import Vertex
from campanile.campaigns.option_texts import with_audience
from campanile.errors import CampanileError, Overtaken, Refused, located
from campanile.operations.executing.checking import (
    check_before_acting,
    check_outputs,
    hold_of,
    knowing_table_rules,
    require_nothing_held,
    with_results,
)
from campanile.operations.executing.data import (
    BoundData,
    build_context,
    own_data,
    parameter_values,
    shared_data,
)
from campanile.operations.executing.deliveries import plan_delivery
from campanile.operations.executing.delivery_outputs import delivery_outputs
from campanile.operations.executing.effects import prepare_effects, text_context
from campanile.operations.executing.file_settling import settle_files
from campanile.operations.executing.files import bring_files
from campanile.operations.executing.memories import Recall, recalled, remember
from campanile.operations.executing.on_error import ignore_or_raise, pause_where_written
from campanile.operations.executing.outputs import (
    Made,
    output_row,
    staged_outputs,
    with_counts,
    write_outputs,
)
from campanile.operations.executing.reaching import not_reached
from campanile.operations.executing.segment_run import (
    CommittedOutput,
    Part,
    SegmentRun,
    reported,
)
from campanile.operations.executing.withheld import withheld
from campanile.store.manifest_rows import ManifestRow, OutputRow

_OVERTAKEN = 5  # so often an activity begins anew before its run fails


def run_activity(run: SegmentRun, activity: str, part: Part) -> list[CommittedOutput]:
    """Commit the outputs of an activity, or report them as `reused` when they are committed.

    `plan` and `outputs` are the two halves of a channel activity. Raises Refused while its inputs
    are not committed or its gate is not released.
    """
    with located(f"activity '{activity}'"):
        vertex = run.compiled.graph[activity]
        transitions = (vertex.plan,) if part == "plan" else vertex.outputs or (vertex.name,)
        committed = run.committed()
        if all(transition in committed for transition in transitions):
            settle_files(run, activity)
            return _reported(vertex, committed, transitions, reused=True)
        _require_inputs(run, vertex, committed, part)
        require_nothing_held(run)
        options = run.compiled.campaign.activities[activity]
        pause_where_written(run, vertex, options, committed, part)
        try:
            reused = _make_again(run, vertex, committed, part)
        except CampanileError as error:
            ignore_or_raise(run, vertex, transitions, error)
            reused = False
        settle_files(run, activity)
        return _reported(vertex, run.committed(), transitions, reused=reused)


def _make_again(
    run: SegmentRun, vertex: Vertex, committed: Mapping[str, ManifestRow], part: Part
) -> bool:
    """Compute and commit; anew when another execution was first, who then has to be looked at."""
    for _ in range(_OVERTAKEN):
        try:
            return _make(run, vertex, committed, part)
        except Overtaken:
            continue
    return _make(run, vertex, committed, part)


def _make(
    run: SegmentRun, vertex: Vertex, committed: Mapping[str, ManifestRow], part: Part
) -> bool:
    options = run.compiled.campaign.activities[vertex.name]
    config = with_audience(with_parameters(options, parameter_values(run)), text_context(run))
    with (
        shared_data(run) if part == "all" else own_data(run) as data,
        recalled(run, data, vertex, config) as recall,
    ):
        session = data.session
        found = check_before_acting(run, data, vertex, config, committed, part)
        made = _relations(run, data, vertex, config, committed, part, recall)
        with staged_outputs(session, vertex.name, made.outcome) as staged:
            made = replace(made, details=with_counts(session, vertex, made))
            written = write_outputs(run, session, made, staged)
            rows = [output_row(vertex, made, name, table) for name, table in written.items()]
            rows = _judge_empty(config, vertex, rows, run)
            reached = any(row.reached for row in rows)
            effects = list(prepare_effects(run, session, vertex, made.outcome, reached=reached))
            if not found:
                found = check_outputs(run, data, vertex, config, committed, rows)
                effects += hold_of(run, vertex, found)
            rows = with_results(rows, vertex.plan if part == "plan" else vertex.name, found)
            rows = withheld(run, session, config, made.outcome, rows)
        if part != "plan":
            remember(run, data, vertex, committed, written)
    result = run.project.store.manifests.commit_outputs(
        run.execution.id,
        run.segment,
        run.attempt,
        rows,
        effects=[*effects, *recall.effects, *made.effects],
    )
    return result.reused


def _relations(
    run: SegmentRun,
    data: BoundData,
    vertex: Vertex,
    config: ActivityConfig,
    committed: Mapping[str, ManifestRow],
    part: Part,
    recall: Recall,
) -> Made:
    context = build_context(run, data, vertex, committed, recall.remembered)
    context = knowing_table_rules(run, data, vertex, config, committed, context)
    why = not_reached(run, vertex, committed)
    if part == "plan":
        planned = plan_delivery(run, data, context, config, why)  # type: ignore[arg-type]
        return Made({vertex.plan: planned.relation}, planned.why_not, planned.details)
    if part == "outputs":
        settled = delivery_outputs(run, data, vertex, committed[vertex.plan])
        return Made(settled.relations, settled.why_not, settled.details)
    brought = bring_files(run, data, vertex, config, committed, reached=not why)
    outcome = activity_type(vertex.type).run(config, context)
    relations = {
        f"{vertex.name}.{name}" if name else vertex.name: relation
        for name, relation in outcome.outputs.items()
    }
    details = {
        f"{vertex.name}.{name}" if name else vertex.name: facts
        for name, facts in outcome.details.items()
    }
    whys = dict.fromkeys(vertex.outputs or (vertex.name,), why) if why else {}
    return Made(relations, whys, {**details, **brought.details}, outcome, brought.effects)


def _judge_empty(
    config: ActivityConfig, vertex: Vertex, rows: Sequence[OutputRow], run: SegmentRun
) -> list[OutputRow]:
    """Apply `when_empty`: stop makes the outputs unreached; fail ends the execution."""
    empty = all(row.rows == 0 for row in rows) and any(row.reached for row in rows)
    if not empty or config.when_empty == "continue" or not vertex.outputs:
        return list(rows)
    if config.when_empty == "fail":
        reason = f"activity '{vertex.name}' found nobody, and says `when_empty: fail`"
        run.project.store.executions.fail(run.execution.id, by="campanile", reason=reason)
        raise Refused(f"{reason}.", remedy="Start another execution when there is somebody.")
    why = "stopped: nobody was found"
    return [replace(row, reached=False, not_reached_reason=why) for row in rows]


def _require_inputs(
    run: SegmentRun, vertex: Vertex, committed: Mapping[str, ManifestRow], part: Part
) -> None:
    """Refuse before anything is computed: uncommitted inputs, or a gate that is closed."""
    graph = run.compiled.graph
    followed = [t for name in vertex.after for t in (graph[name].outputs or (name,))]
    needed = [vertex.plan] if part == "outputs" else [*vertex.reads, *followed]
    missing = [transition for transition in needed if transition not in committed]
    if missing:
        raise Refused(
            f"its input '{missing[0]}' is not committed yet.",
            remedy="Run the activities before it first; the clock does that by itself.",
        )
    if vertex.gate and part != "plan":
        _require_released(run, vertex)


def _require_released(run: SegmentRun, vertex: Vertex) -> None:
    gates = {gate.activity: gate for gate in run.project.store.gates.of_execution(run.execution.id)}
    gate = gates.get(vertex.name)
    if gate is None or gate.state == "released":
        return  # never armed: its path was not reached
    if gate.signal is not None:
        remedy = f"`campanile signal {run.execution.campaign} --for {gate.signal}`."
        raise Refused(f"it waits for the signal '{gate.signal}'.", remedy=remedy)
    if gate.kind in ("approval", "task"):
        remedy = f"`campanile tasks {run.execution.campaign}` says whose."
        raise Refused("it waits for an answer.", remedy=remedy)
    until = f"{gate.due_at:%Y-%m-%d %H:%M:%S} UTC" if gate.due_at else "every message is final"
    raise Refused(
        f"it waits until {until}.", remedy="The clock opens it then; it cannot be opened early."
    )


def _reported(
    vertex: Vertex,
    committed: Mapping[str, ManifestRow],
    transitions: Sequence[str],
    *,
    reused: bool,
) -> list[CommittedOutput]:
    rows_in = sum(committed[name].rows for name in vertex.inputs if name in committed)
    return [reported(committed[name], rows_in=rows_in, reused=reused) for name in transitions]
