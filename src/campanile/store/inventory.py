"""The inventory: all campaigns, with what is under way of each, in a few statements."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, func, select

from campanile.store.campaign_rows import CampaignRow
from campanile.store.campaign_tables import (
    FINAL_STATUSES,
    campaign,
    campaign_version,
    execution,
    gate,
    manifest,
    segment,
)
from campanile.store.database import Database
from campanile.store.execution_rows import Execution
from campanile.store.executions import Waits
from campanile.store.gates import Gate
from campanile.store.segment_rows import Segment, select_segments

_SAID = ("tags", "owner", "schedule", "parameters", "model")  # of the campaign's definition
_OPEN = execution.c.status.not_in(FINAL_STATUSES)
_DONE = ("succeeded", "superseded")


@dataclass(frozen=True)
class Selection:
    """Which campaigns are listed; None, or an empty list of statuses, takes all."""

    statuses: Sequence[str] = ()
    created: tuple[datetime | None, datetime | None] = (None, None)  # from, and before
    changed: tuple[datetime | None, datetime | None] = (None, None)
    name: str | None = None


@dataclass(frozen=True)
class ListedCampaign:
    """A campaign, and what its published version (or the latest) says about itself.

    `said` has the tags, owner, schedule, parameters and `model` of the definition; `open` are its
    executions that are not over, the oldest first; `newest` is the last live one.
    """

    row: CampaignRow
    said: Mapping[str, Any]
    channels: tuple[str, ...]
    dimensions: tuple[str, ...]  # of its activities, in their order
    open: tuple[Waits, ...] = ()
    newest: Execution | None = None
    failure: Segment | None = None  # the last segment that failed and has not been run anew


@dataclass(frozen=True)
class CheckedActivity:
    """An activity of an execution, and what its checks found: JSON, one entry for each."""

    campaign: str
    key: str
    activity: str
    checks: Sequence[Mapping[str, Any]]


@dataclass
class _UnderWay:
    """What is under way of all campaigns, by campaign."""

    open: Mapping[str, Sequence[Waits]] = field(default_factory=dict)
    newest: Mapping[str, Execution] = field(default_factory=dict)
    failures: Mapping[str, Segment] = field(default_factory=dict)


class Inventory:
    """The list of all campaigns."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def campaigns(self, wanted: Selection = Selection()) -> tuple[ListedCampaign, ...]:
        """Return the campaigns of a selection by name, as they are at one moment."""
        with self._database.read() as connection:
            rows = connection.execute(_campaigns(wanted)).mappings().all()
            found = _UnderWay(
                open=_open(connection, wanted.name),
                newest=_newest(connection, wanted.name),
                failures=_failures(connection, wanted.name),
            )
        return tuple(_listed(dict(row), found) for row in rows)

    def open_executions(self) -> tuple[Waits, ...]:
        """Return every execution that is not over, with what it waits for, the oldest first."""
        with self._database.read() as connection:
            found = _open(connection, None)
        return tuple(sorted((w for each in found.values() for w in each), key=_by_age))

    def checked(self) -> tuple[CheckedActivity, ...]:
        """Return the activities of open executions that have checks, as they were committed."""
        has_checks = cast(manifest.c.details, Text).contains('"checks"')
        query = (
            select(execution.c.campaign, execution.c.key, manifest.c.activity, manifest.c.details)
            .join(execution, execution.c.id == manifest.c.execution_id)
            .where(_OPEN, manifest.c.superseded_at.is_(None), has_checks)
            .order_by(manifest.c.id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(
            CheckedActivity(row.campaign, row.key, row.activity, row.details.get("checks", ()))
            for row in rows
        )


def _campaigns(wanted: Selection) -> Select[Any]:
    shown = func.coalesce(campaign.c.published_version, campaign.c.latest_version)
    version = and_(campaign_version.c.campaign == campaign.c.name,
                   campaign_version.c.version == shown)  # fmt: skip
    compiled = campaign_version.c.compiled
    said = [compiled[("campaign", word)].label(f"said_{word}") for word in _SAID]
    query = select(campaign, compiled["graph"].label("graph"), *said).select_from(
        campaign.outerjoin(campaign_version, version)
    )
    if wanted.statuses:
        query = query.where(campaign.c.status.in_(wanted.statuses))
    if wanted.name is not None:
        query = query.where(campaign.c.name == wanted.name)
    spans = (campaign.c.created_at, wanted.created), (campaign.c.changed_at, wanted.changed)
    for column, (start, end) in spans:
        query = query if start is None else query.where(column >= start)
        query = query if end is None else query.where(column < end)
    return query.order_by(campaign.c.name)


def _listed(row: dict[str, Any], under_way: _UnderWay) -> ListedCampaign:
    graph = row.pop("graph") or ()
    said = {word: row.pop(f"said_{word}") for word in _SAID}
    name = row["name"]
    return ListedCampaign(
        row=CampaignRow(**row),
        said={word: value for word, value in said.items() if value is not None},
        channels=tuple(dict.fromkeys(v["type"] for v in graph if v.get("channel"))),
        dimensions=tuple(dict.fromkeys(v["dimension"] for v in graph if v.get("dimension"))),
        open=tuple(under_way.open.get(name, ())),
        newest=under_way.newest.get(name),
        failure=under_way.failures.get(name),
    )


def _open(connection: Connection, name: str | None) -> dict[str, list[Waits]]:
    query = select(execution).where(_OPEN, *_of(name)).order_by(execution.c.id)
    executions = [Execution(**row) for row in connection.execute(query).mappings()]
    armed = (
        select(gate)
        .join(execution, execution.c.id == gate.c.execution_id)
        .where(_OPEN, gate.c.state == "armed", *_of(name))
        .order_by(gate.c.due_at.nulls_last(), gate.c.activity)
    )
    gates: dict[int, list[Gate]] = defaultdict(list)
    for row in connection.execute(armed).mappings():
        gates[row["execution_id"]].append(Gate(**row))
    undone = select_segments().where(_OPEN, segment.c.state.not_in(_DONE), *_of(name))
    segments: dict[int, list[Segment]] = defaultdict(list)
    for row in connection.execute(undone.order_by(segment.c.ready_at, segment.c.name)).mappings():
        segments[row["execution_id"]].append(Segment(**row))
    found: dict[str, list[Waits]] = defaultdict(list)
    for each in executions:
        waits = Waits(each, tuple(gates[each.id]), tuple(segments[each.id]))
        found[each.campaign].append(waits)
    return found


def _newest(connection: Connection, name: str | None) -> dict[str, Execution]:
    live = select(func.max(execution.c.id)).where(execution.c.mode == "live", *_of(name))
    query = select(execution).where(execution.c.id.in_(live.group_by(execution.c.campaign)))
    return {row["campaign"]: Execution(**row) for row in connection.execute(query).mappings()}


def _failures(connection: Connection, name: str | None) -> dict[str, Segment]:
    failed = (segment.c.state == "failed", execution.c.mode == "live", *_of(name))
    last = (
        select(execution.c.campaign, func.max(segment.c.finished_at).label("at"))
        .join(segment, execution.c.id == segment.c.execution_id)
        .where(*failed)
        .group_by(execution.c.campaign)
        .subquery()
    )
    same = and_(last.c.campaign == execution.c.campaign, last.c.at == segment.c.finished_at)
    query = select_segments().join(last, same).where(*failed)
    return {row["campaign"]: Segment(**row) for row in connection.execute(query).mappings()}


def _of(name: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if name is None else (execution.c.campaign == name,)


def _by_age(one: Waits) -> int:
    return one.execution.id
