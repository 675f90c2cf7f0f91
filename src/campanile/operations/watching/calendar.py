"""The calendar of launches: what started in a span of time, and what will, over all campaigns."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.schedules import occurrences, settled
from campanile.errors import CampanileError
from campanile.operations.authoring.known_versions import known_versions
from campanile.operations.authoring.launches import local
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.execution_rows import Execution

_SEARCHED = 20  # newest executions among which the last one with an audience is looked for


@dataclass(frozen=True)
class Launch:
    """One slot of a campaign: `state` is planned, or what became of it (claimed, held, …).

    `audience` is how many it would reach if it were like last time; None where there was none.
    """

    at: datetime
    local: str  # in the campaign's zone
    campaign: str
    label: str
    state: str
    execution: str | None
    audience: int | None


@requires(Right.VIEW)
def launches(project: Project, start: datetime, end: datetime) -> list[Launch]:
    """The slots in (`start`, `end`] of campaigns that are published, the earliest first.

    What is past is told by the store, what is to come by the schedules. Campaigns that start on
    feedback, on signals or for orders have no slots.
    """
    published = project.store.versions.published()
    known = known_versions(project, [(each.row.name, each.version) for each in published])
    found: list[Launch] = []
    for each in published:
        with suppress(CampanileError):  # a version or schedule that cannot be read has a warning
            compiled = known.get(each.row.name, each.version)
            found += _of_campaign(project, compiled, each.row.label, start, end)
    return sorted(found, key=lambda launch: (launch.at, launch.campaign))


def last_audience(
    project: Project, compiled: CompiledVersion, recent: Sequence[Execution]
) -> int | None:
    """How many messages the last live execution planned; without any, the rows it began with."""
    starts = [vertex for vertex in compiled.graph.vertices.values() if not vertex.inputs]
    for one in recent:
        planned = [each.planned for each in project.store.deliveries.of_execution(one.id)]
        if planned:
            return sum(planned)
        rows = project.store.manifests.committed(one.id)
        begun = [
            rows[output].rows for vertex in starts for output in vertex.outputs if output in rows
        ]
        if begun:
            return sum(begun)
    return None


def _of_campaign(
    project: Project, compiled: CompiledVersion, label: str, start: datetime, end: datetime
) -> Iterator[Launch]:
    campaign, now = compiled.campaign, project.clock()
    past = project.store.occurrences.between(campaign.name, start, min(end, now))
    planned: list[datetime] = []
    if not campaign.model and end > now:
        schedule = settled(campaign.schedule, campaign)
        planned = list(occurrences(schedule, max(start, now), end))
    if not past and not planned:
        return
    recent = [
        one
        for one in project.store.executions.of_campaign(campaign.name, _SEARCHED)
        if one.mode == "live"
    ]
    keys = {one.id: one.key for one in recent}
    audience = last_audience(project, compiled, recent)
    for one in past:
        key = keys.get(one.execution_id) if one.execution_id is not None else None
        at = local(one.slot, campaign)
        yield Launch(one.slot, at, campaign.name, label, one.state, key, None)
    for slot in planned:
        yield Launch(slot, local(slot, campaign), campaign.name, label, "planned", None, audience)
