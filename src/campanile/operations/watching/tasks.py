"""Tasks: what each activity of an execution did, attempt by attempt, in the order it was done."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.graph import Vertex
from campanile.operations.authoring.versions import get_version
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.execution_rows import Execution
from campanile.store.manifest_rows import ManifestRow

_MOST = 10_000  # transitions of one execution, restarts included


@dataclass(frozen=True)
class TaskLine:
    """One activity of an execution; `rows_in` is None where it reads no transition.

    `state`: done, superseded (by a restart), not reached, waiting, failed or to come. `facts` are
    the counts and facts that it left with its outputs.
    """

    activity: str
    type: str
    segment: str
    attempt: int | None
    state: str
    ended_at: datetime | None
    seconds: float | None
    rows_in: int | None
    rows_out: Mapping[str, int]
    facts: Mapping[str, Any]


@requires(Right.VIEW)
def task_lines(project: Project, campaign: str, key: str) -> list[TaskLine]:
    """What was done by the activities of an execution, and then those to come."""
    execution = project.store.executions.find(campaign, key)
    compiled = get_version(project, campaign, execution.version)
    history = project.store.histories.of_execution(execution, since=None, limit=_MOST)
    rows = list(reversed(history.manifests))
    done = list(_done(compiled, rows))
    seen = {line.activity for line in done if line.state != "superseded"}
    to_come = [name for name in compiled.graph.order if name not in seen]
    states = _states(project, execution)
    return [*done, *(_to_come(compiled, name, states) for name in to_come)]


def _done(compiled: CompiledVersion, rows: list[ManifestRow]) -> Iterator[TaskLine]:
    counts: dict[str, int] = {}
    for place, some in groupby(rows, key=lambda row: (row.activity, row.attempt, row.segment)):
        outputs = list(some)
        name, attempt, segment = place
        vertex = compiled.graph.vertices.get(name)
        rows_in = _rows_in(vertex, counts) if vertex else None
        counts |= {row.transition: row.rows for row in outputs}
        state = "done" if any(row.reached for row in outputs) else "not reached"
        if all(row.superseded_at is not None for row in outputs):
            state = "superseded"
        yield TaskLine(
            activity=name,
            type=vertex.type if vertex else "",
            segment=segment,
            attempt=attempt,
            state=state,
            ended_at=outputs[-1].committed_at,
            seconds=max(row.seconds for row in outputs),
            rows_in=rows_in,
            rows_out={row.transition.partition(".")[2]: row.rows for row in outputs},
            facts={key: value for row in outputs for key, value in row.details.items()},
        )


def _rows_in(vertex: Vertex, counts: Mapping[str, int]) -> int | None:
    known = [counts[name] for name in vertex.inputs if name in counts]
    return sum(known) if known else None


def _states(project: Project, execution: Execution) -> dict[str, str]:
    """What is known of activities and segments that have not committed: waiting, or failed."""
    waits = project.store.executions.waits_for(execution.id)
    found = {f"segment {row.name}": row.state for row in waits.segments}
    return found | {gate.activity: "waiting" for gate in waits.gates}


def _to_come(compiled: CompiledVersion, name: str, states: Mapping[str, str]) -> TaskLine:
    vertex = compiled.graph[name]
    segment = next((s.name for s in compiled.segments if name in s.activities), "")
    state = states.get(name) or states.get(f"segment {segment}", "to come")
    return TaskLine(name, vertex.type, segment, None, state, None, None, None, {}, {})
