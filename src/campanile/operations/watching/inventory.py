"""Sheets of single campaigns: activities, versions and executions, with what each waits for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from campanile.campaigns.compiled import CompiledVersion
from campanile.operations.authoring.launches import SHOWN, launch_sentence, next_launches
from campanile.operations.authoring.versions import get_version
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.operations.watching.campaign_lists import CampaignLine, Wanted, list_campaigns
from campanile.people.rights import Right
from campanile.store.execution_rows import Execution
from campanile.store.manifest_rows import ManifestRow


@dataclass(frozen=True)
class ExecutionLine:
    """One execution in a list; times are UTC."""

    key: str
    kind: str
    mode: str
    status: str
    version: int
    waits_for: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class ActivityLine:
    """One activity of a campaign, and its rows in the newest execution that has any."""

    name: str
    type: str
    label: str
    inputs: tuple[str, ...]
    outputs: tuple[tuple[str, int | None], ...]  # transition, rows (None: not committed)


@dataclass(frozen=True)
class CampaignSheet:
    """Everything about one campaign on one page."""

    line: CampaignLine
    description: str
    versions: tuple[tuple[int, datetime, str], ...]  # newest first: number, when, by whom
    activities: tuple[ActivityLine, ...]
    executions: tuple[ExecutionLine, ...]
    starts: str
    launches: tuple[datetime, ...]
    zone: str  # in which the campaign's times are meant
    possible: tuple[str, ...]  # steps of its life that a person may take now


_VERSIONS_SHOWN = 10


@requires(Right.VIEW)
def list_executions(project: Project, campaign: str, limit: int = 100) -> list[ExecutionLine]:
    """The executions of a campaign, newest first; raises Refused for an unknown campaign."""
    project.store.campaigns.get(campaign)
    found = project.store.executions.of_campaign(campaign, limit)
    return [_execution(project, one) for one in found]


@requires(Right.VIEW)
def campaign_sheet(project: Project, name: str, launches: int = SHOWN) -> CampaignSheet:
    """One campaign: its published version, or the latest where none is; its next `launches`."""
    row = project.store.campaigns.get(name)
    compiled = get_version(project, name, row.published_version or row.latest_version)
    campaign, now = compiled.campaign, project.clock()
    first = max(0, row.latest_version - _VERSIONS_SHOWN)
    versions = [
        project.store.campaigns.version(name, number)
        for number in range(row.latest_version, first, -1)
    ]
    return CampaignSheet(
        line=list_campaigns(project, Wanted(name=name))[0],
        description=campaign.description or "",
        versions=tuple((one.version, one.created_at, one.created_by) for one in versions),
        activities=tuple(_activities(project, name, compiled)),
        executions=tuple(list_executions(project, name, 10)),
        starts=launch_sentence(campaign, now),
        launches=tuple(next_launches(campaign, now, launches)),
        zone=campaign.schedule.zone.key,
        possible=project.store.lives.possible(name),
    )


def _execution(project: Project, one: Execution) -> ExecutionLine:
    return ExecutionLine(
        key=one.key,
        kind=one.kind,
        mode=one.mode,
        status=one.status,
        version=one.version,
        waits_for=project.store.executions.waits_for(one.id).sentence,
        requested_at=one.requested_at,
        started_at=one.started_at,
        finished_at=one.finished_at,
    )


def _activities(project: Project, name: str, compiled: CompiledVersion) -> Iterator[ActivityLine]:
    rows: Mapping[str, ManifestRow] = {}
    for one in project.store.executions.of_campaign(name, limit=10):
        rows = rows or project.store.manifests.committed(one.id)
    for vertex in compiled.graph.vertices.values():
        outputs = tuple(
            (output, rows[output].rows if output in rows else None) for output in vertex.outputs
        )
        config = compiled.campaign.activities[vertex.name]
        yield ActivityLine(vertex.name, vertex.type, config.label, vertex.reads, outputs)
