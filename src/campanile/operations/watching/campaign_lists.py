"""The list of campaigns as people narrow it: by status, channel, tag, dates, words, trouble."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from campanile.campaigns.definition import Campaign, Parameter
from campanile.campaigns.life import STATUSES
from campanile.campaigns.schedule import SCHEDULE, AsapSchedule
from campanile.errors import Refused
from campanile.operations.authoring.launches import launch_sentence, next_launches
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.execution_rows import Execution
from campanile.store.inventory import ListedCampaign, Selection

Span = tuple[datetime | None, datetime | None]  # from, and before
_EVER: Span = (None, None)


@dataclass(frozen=True)
class Wanted:
    """Which campaigns are listed; what is empty does not matter. Archived ones are asked for."""

    statuses: Sequence[str] = ()
    channels: Sequence[str] = ()
    tags: Sequence[str] = ()
    dimensions: Sequence[str] = ()
    search: str = ""  # in name, label, tags and owner
    created: Span = _EVER
    changed: Span = _EVER
    next_before: datetime | None = None
    in_error: bool = False
    name: str | None = None


@dataclass(frozen=True)
class CampaignLine:
    """One campaign in a list; instants are UTC."""

    name: str
    label: str
    status: str
    channels: tuple[str, ...]
    tags: tuple[str, ...]
    owner: str
    dimension: str | None
    created_at: datetime
    changed_at: datetime
    published_version: int | None
    latest_version: int
    open_executions: int
    last_launch: datetime | None
    next_launch: datetime | None
    last_error: str | None  # of the last activity in error, until it is run anew
    waits_for: str
    warning: str | None


@requires(Right.VIEW)
def list_campaigns(project: Project, wanted: Wanted | None = None) -> list[CampaignLine]:
    """The campaigns that are wanted, by name."""
    wanted = wanted or Wanted()
    shown = list(wanted.statuses)
    if not shown and wanted.name is None:
        shown = [status for status in STATUSES if status != "archived"]
    chosen = Selection(shown, wanted.created, wanted.changed, wanted.name)
    troubles = _troubles(project.store.lives.troubled(wanted.name))
    now = project.clock()
    lines = (
        campaign_line(one, troubles.get(one.row.name, ()), now)
        for one in project.store.inventory.campaigns(chosen)
    )
    return [line for line in lines if _fits(line, wanted)]


def campaign_line(one: ListedCampaign, troubles: Sequence[str], now: datetime) -> CampaignLine:
    """A campaign as it is shown, with what is wrong with its executions."""
    row, head = one.row, _header(one)
    runs = row.published_version is not None and row.status in ("scheduled", "live")
    launches = next_launches(head, now, 1) if head and runs else []
    failure = one.failure
    return CampaignLine(
        name=row.name,
        label=row.label,
        status=row.status,
        channels=one.channels,
        tags=tuple(one.said.get("tags", ())),
        owner=one.said.get("owner", ""),
        dimension=next(iter(one.dimensions), None),
        created_at=row.created_at,
        changed_at=row.changed_at,
        published_version=row.published_version,
        latest_version=row.latest_version,
        open_executions=len(one.open),
        last_launch=one.newest.due_at if one.newest else None,
        next_launch=launches[0] if launches else None,
        last_error=f"{failure.key}: {failure.reason}" if failure else None,
        waits_for=_waits_for(one, head, now),
        warning="; ".join([*([row.warning] if row.warning else []), *troubles]) or None,
    )


def _fits(line: CampaignLine, wanted: Wanted) -> bool:
    text = " ".join([line.name, line.label, line.owner, *line.tags]).lower()
    late = wanted.next_before
    return (
        wanted.search.lower() in text
        and _meet(wanted.channels, line.channels)
        and _meet(wanted.tags, line.tags)
        and _meet(wanted.dimensions, (line.dimension,))
        and (late is None or (line.next_launch is not None and line.next_launch < late))
        and (not wanted.in_error or bool(line.warning or line.last_error))
    )


def _meet(asked: Sequence[str], there: Iterable[str | None]) -> bool:
    return not asked or not set(asked).isdisjoint(there)


def _troubles(found: Iterable[Execution]) -> dict[str, tuple[str, ...]]:
    """What is wrong with executions, by campaign."""
    said: dict[str, tuple[str, ...]] = {}
    for one in found:
        sentence = f"execution {one.key} is {one.status}: {one.reason or 'no reason given'}"
        said[one.campaign] = (*said.get(one.campaign, ()), sentence)
    return said


def _header(one: ListedCampaign) -> Campaign | None:
    """What starts a campaign, without its activities; None for a version that cannot be read."""
    try:
        return Campaign.model_construct(
            name=one.row.name,
            schedule=SCHEDULE.validate_python(one.said.get("schedule", "asap")),
            parameters={
                name: Parameter.model_validate(written)
                for name, written in one.said.get("parameters", {}).items()
            },
            model=one.said.get("model", False),
            activities={},
        )
    except (ValidationError, Refused):
        return None


def _waits_for(one: ListedCampaign, head: Campaign | None, now: datetime) -> str:
    if one.open:
        last = one.open[-1]
        more = f" (and {len(one.open) - 1} more)" if len(one.open) > 1 else ""
        return f"{last.execution.key}: {last.sentence}{more}"
    if one.row.published_version is None:
        return "somebody to publish it"
    if one.row.status not in ("scheduled", "live"):
        return f"nothing: it is {one.row.status}"
    if head is None:
        return "somebody to apply it again: its version cannot be read"
    if isinstance(head.schedule, AsapSchedule) and one.newest:
        return f"nothing: it started once, and {one.newest.key} is {one.newest.status}"
    return launch_sentence(head, now)
