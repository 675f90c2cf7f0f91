"""Obstacles that lie before and between activities: a status, a lost slot, a rule nobody fits."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.graph import Vertex
from campanile.operations.hosting.heartbeat import ticks
from campanile.operations.hosting.serving import is_running
from campanile.operations.hosting.stack import running_stack
from campanile.operations.project import Project
from campanile.operations.watching.answers import Step
from campanile.store.campaign_rows import CampaignRow
from campanile.store.manifest_rows import ManifestRow

_NOBODY: Mapping[str, str] = {
    "build_audience": "nobody fits its rule",
    "read_audience": "the audience has no rows",
    "incremental_query": "whoever fits was taken in before: that is its memory",
    "load_file": "no file brought rows",
    "filter": "its rule let nobody through",
    "deduplication": "every row was a double",
}


def of_campaign(project: Project, row: CampaignRow) -> Iterator[Step]:
    """What keeps a campaign from starting anything: its file, its status, its last slot."""
    for file in project.definitions.broken:
        if Path(file).stem == row.name:
            sentence = f"{file} has faults; what is published goes on, nothing new can be applied"
            yield Step("file", None, sentence)
    if row.published_version is not None and row.status not in ("scheduled", "live"):
        yield Step("status", False, f"it is {row.status}: nothing new starts")
    for slot in project.store.occurrences.of_campaign(row.name, limit=1):
        if slot.state != "claimed":
            why = f": {slot.reason}" if slot.reason else ""
            sentence = f"the one of {slot.slot:%Y-%m-%d %H:%M} UTC was {slot.state}{why}"
            yield Step("last slot", False, sentence)


def of_serving(project: Project) -> Step:
    """Whether somebody moves the campaigns."""
    if not is_running(project):
        return Step("served", False, "no clock runs: campanile serve")
    if running_stack(project.state) and not ticks(project.state, project.clock()):
        return Step("served", False, "Dagster runs, its sensor campaign_clock does not")
    return Step("served", True, "the clock runs")


def of_rows(compiled: CompiledVersion, committed: Mapping[str, ManifestRow]) -> Iterator[Step]:
    """For each message, the first activity on its way of which no row came out."""
    graph, told = compiled.graph, set[str]()
    for name, vertex in graph.vertices.items():
        if not vertex.channel:
            continue
        above = graph.ancestors(name)
        empty = [one for one in graph.order if one in above and _is_empty(graph[one], committed)]
        if empty and empty[0] not in told:
            told.add(empty[0])
            yield _emptied(graph[empty[0]], committed)


def _is_empty(vertex: Vertex, committed: Mapping[str, ManifestRow]) -> bool:
    rows = [committed[output] for output in vertex.outputs if output in committed]
    return bool(rows) and not any(row.rows for row in rows)


def _emptied(vertex: Vertex, committed: Mapping[str, ManifestRow]) -> Step:
    came = [committed[name].rows for name in vertex.inputs if name in committed]
    counts = f"0 of {sum(came):,} rows came out" if came else "no row came out"
    why = "it is disabled" if vertex.disabled else _NOBODY.get(vertex.type, "")
    unreached = next(
        (committed[o].not_reached_reason for o in vertex.outputs
         if o in committed and not committed[o].reached),
        None,
    )  # fmt: skip
    said = f"not reached: {unreached}" if unreached else why
    what = f"activity '{vertex.name}'"
    return Step(what, False, f"{counts} ({vertex.type})" + (f": {said}" if said else ""))
