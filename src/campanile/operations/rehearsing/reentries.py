"""Re-entries: whom a new version of a campaign would forget, so that they may enter it again."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from campanile.activities.incremental_query import IncrementalQuery
from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.former_names import campaign_names, names_of
from campanile.operations.project import Project
from campanile.operations.rehearsing.masking import masked, personal_columns
from campanile.relations.row_keys import SEPARATOR

_SHOWN = 3  # keys of a sample


@dataclass(frozen=True)
class ReEntry:
    """The people of a memory that a version gives up; `sample` are some of their keys, masked."""

    activity: str
    people: int
    sample: tuple[str, ...]
    why: str

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def find_reentries(
    project: Project, before: CompiledVersion | None, after: CompiledVersion, now: datetime
) -> list[ReEntry]:
    """Memories that vanish with their activity, and those that are kept for a shorter time."""
    found = [*_vanished(project, before, after), *_shortened(project, before, after, now)]
    return [each for each in found if each.people]


def _vanished(
    project: Project, before: CompiledVersion | None, after: CompiledVersion
) -> Iterator[ReEntry]:
    campaign = after.campaign
    carried = {pair for name in campaign.activities for pair in names_of(campaign, name)}
    for pair in project.store.consumed.activities(campaign_names(campaign)):
        if pair in carried:
            continue
        people, keys = project.store.consumed.lapsing([pair], limit=_SHOWN)
        why = f"activity '{pair[1]}' is gone, and no `renamed_from` carries its memory over"
        yield ReEntry(pair[1], people, _masked(project, before, pair[1], keys), why)


def _shortened(
    project: Project, before: CompiledVersion | None, after: CompiledVersion, now: datetime
) -> Iterator[ReEntry]:
    for name, config in after.campaign.activities.items():
        former = _former(before, after, name)
        if not isinstance(config, IncrementalQuery) or former is None:
            continue
        span, longer = config.remember, former.remember
        if not isinstance(span, timedelta) or not (longer is None or isinstance(longer, timedelta)):
            continue
        if longer is not None and longer <= span:
            continue
        people, keys = project.store.consumed.lapsing(
            names_of(after.campaign, name),
            since=None if longer is None else now - longer,
            before=now - span,
            limit=_SHOWN,
        )
        why = f"activity '{name}' remembers for a shorter time than the published version"
        yield ReEntry(name, people, _masked(project, after, name, keys), why)


def _former(
    before: CompiledVersion | None, after: CompiledVersion, name: str
) -> IncrementalQuery | None:
    """The same activity in the published version, under one of its names."""
    activities = before.campaign.activities if before else {}
    for _, each in names_of(after.campaign, name):
        config = activities.get(each)
        if isinstance(config, IncrementalQuery):
            return config
    return None


def _masked(
    project: Project, version: CompiledVersion | None, activity: str, keys: tuple[str, ...]
) -> tuple[str, ...]:
    """Keys as a preview shows them; of an activity nobody knows any more as personal ones."""
    catalog = project.catalog
    dimension = version.graph.vertices.get(activity) if version else None
    known = catalog.dimensions.get((dimension and dimension.dimension) or "")
    personal = True
    if known is not None and version is not None:
        key = catalog.entities[known.entity].key
        personal = bool(personal_columns(catalog, version.campaign) & set(key))
    shown = (key.replace(SEPARATOR, " / ") for key in keys)
    return tuple(str(masked(key, is_personal=personal)) for key in shown)
