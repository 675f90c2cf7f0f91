"""The inventory: campaigns and their executions, with what each of them waits for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.life import STATUSES
from campanile.campaigns.schedule import AsapSchedule
from campanile.operations.authoring.launches import SHOWN, launch_sentence, next_launches
from campanile.operations.authoring.versions import get_version
from campanile.operations.project import Project
from campanile.store.campaigns import CampaignRow
from campanile.store.execution_rows import Execution
from campanile.store.manifest_rows import ManifestRow


@dataclass(frozen=True)
class CampaignLine:
    """One campaign in a list."""

    name: str
    label: str
    status: str
    published_version: int | None
    latest_version: int
    open_executions: int
    waits_for: str
    warning: str | None


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


def list_campaigns(
    project: Project, statuses: Sequence[str] = (), search: str = ""
) -> list[CampaignLine]:
    """Campaigns by name: those in `statuses` (all but archived ones) with `search` in them."""
    shown = list(statuses) or [status for status in STATUSES if status != "archived"]
    rows = project.store.campaigns.inventory(shown)
    troubles = _troubles(project.store.lives.troubled())
    wanted = search.lower()
    return [
        _line(project, row, troubles.get(row.name, ()))
        for row in rows
        if wanted in f"{row.name} {row.label}".lower()
    ]


def list_executions(project: Project, campaign: str, limit: int = 100) -> list[ExecutionLine]:
    """The executions of a campaign, newest first; raises Refused for an unknown campaign."""
    project.store.campaigns.get(campaign)
    found = project.store.executions.of_campaign(campaign, limit)
    return [_execution(project, one) for one in found]


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
        line=_line(project, row, _troubles(project.store.lives.troubled(name)).get(name, ())),
        description=campaign.description or "",
        versions=tuple((one.version, one.created_at, one.created_by) for one in versions),
        activities=tuple(_activities(project, name, compiled)),
        executions=tuple(list_executions(project, name, 10)),
        starts=launch_sentence(campaign, now),
        launches=tuple(next_launches(campaign, now, launches)),
        zone=campaign.schedule.zone.key,
        possible=project.store.lives.possible(name),
    )


def _troubles(found: Iterable[Execution]) -> dict[str, tuple[str, ...]]:
    """What is wrong with executions, by campaign."""
    said: dict[str, tuple[str, ...]] = {}
    for one in found:
        sentence = f"execution {one.key} is {one.status}: {one.reason or 'no reason given'}"
        said[one.campaign] = (*said.get(one.campaign, ()), sentence)
    return said


def _line(project: Project, row: CampaignRow, troubles: Sequence[str]) -> CampaignLine:
    opened = project.store.executions.open_executions(row.name)
    return CampaignLine(
        name=row.name,
        label=row.label,
        status=row.status,
        published_version=row.published_version,
        latest_version=row.latest_version,
        open_executions=len(opened),
        waits_for=_waits_for(project, row, opened),
        warning="; ".join([*([row.warning] if row.warning else []), *troubles]) or None,
    )


def _waits_for(project: Project, row: CampaignRow, opened: Sequence[Execution]) -> str:
    if opened:
        sentence = project.store.executions.waits_for(opened[-1].id).sentence
        more = f" (and {len(opened) - 1} more)" if len(opened) > 1 else ""
        return f"{opened[-1].key}: {sentence}{more}"
    if row.published_version is None:
        return "somebody to publish it"
    if row.status not in ("scheduled", "live"):
        return f"nothing: it is {row.status}"
    compiled = get_version(project, row.name, row.published_version)
    newest = project.store.executions.of_campaign(row.name, limit=1)
    if isinstance(compiled.campaign.schedule, AsapSchedule) and newest:
        return f"nothing: it started once, and {newest[0].key} is {newest[0].status}"
    return launch_sentence(compiled.campaign, project.clock())


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
