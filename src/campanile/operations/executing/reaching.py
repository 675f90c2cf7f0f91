"""Whether an execution's path comes to an activity, and why not."""

from collections.abc import Mapping

from campanile.campaigns.graph import Vertex
from campanile.operations.executing.segment_run import SegmentRun
from campanile.store.manifest_rows import ManifestRow


def not_reached(run: SegmentRun, vertex: Vertex, committed: Mapping[str, ManifestRow]) -> str:
    """Why the path does not come to `vertex`; empty when it does.

    An activity is reached when any of its inputs is, and_join when all are. One that starts a
    population is reached unless all it follows is not. A test may end before it.
    """
    if vertex.disabled:
        return "disabled"
    if not run.simulation.runs(vertex.name, run.compiled.graph):
        return f"the test ends with '{run.simulation.until}'"
    graph = run.compiled.graph
    followed = [t for name in vertex.after for t in _followed(graph[name])]
    names = list(vertex.inputs) or followed
    rows = [committed[name] for name in names if name in committed]
    unreached = [row for row in rows if not row.reached]
    enough = not unreached if vertex.type == "and_join" else len(unreached) < len(rows)
    if not rows or enough:
        return ""
    return _inherited(unreached[0])


def _followed(vertex: Vertex) -> tuple[str, ...]:
    """The transitions that say whether an activity was come by: of a transfer, what it brought."""
    return (vertex.name,) if vertex.type == "transfer_file" else vertex.outputs or (vertex.name,)


def _inherited(row: ManifestRow) -> str:
    """The first reason on the way here, said once."""
    reason = row.not_reached_reason or "not reached"
    return reason if " (since " in reason else f"{reason} (since '{row.transition}')"
