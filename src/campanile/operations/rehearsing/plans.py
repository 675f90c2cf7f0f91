"""Plans: what apply and publish would change, with the people in it, on today's data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from campanile.campaigns.compiled import CompiledVersion, definition_json
from campanile.errors import Refused
from campanile.operations.authoring.launches import launch_sentence, next_launches
from campanile.operations.entities.copies import is_live
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.operations.rehearsing.content_changes import ContentChange, content_changes
from campanile.operations.rehearsing.filter_changes import FilterChange, filter_changes
from campanile.operations.rehearsing.reentries import ReEntry, find_reentries
from campanile.operations.rehearsing.rehearsals import Rehearsal, Rehearsed, rehearsal
from campanile.operations.rehearsing.transition_plans import TransitionPlan, plan_transitions
from campanile.operations.rehearsing.waterfalls import Waterfall
from campanile.people.rights import Right
from campanile.store.campaigns import CampaignRow


@dataclass(frozen=True)
class CampaignPlan:
    """What would change with one campaign, and whom its first segment would reach now."""

    campaign: str
    status: str  # of the campaign now; "new" when the store does not know it
    published_version: int | None
    applies: bool  # apply would make a version
    publishes: bool  # publish would change what runs
    changes: Sequence[str] = ()
    filters: Sequence[FilterChange] = ()
    transitions: Sequence[TransitionPlan] = ()
    messages: Mapping[str, Waterfall] = field(default_factory=dict)
    contents: Sequence[ContentChange] = ()
    later: Sequence[str] = ()  # activities after the first gate
    unused: Mapping[str, int | None] = field(default_factory=dict)  # None: not computed yet
    launches: Sequence[datetime] = ()
    starts: str = ""
    keep: Sequence[str] = ()
    read_live: Sequence[str] = ()
    reentries: Sequence[ReEntry] = ()
    trouble: str = ""

    @property
    def changes_anything(self) -> bool:
        """Whether apply or publish would do anything."""
        return self.applies or self.publishes

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "campaign": self.campaign,
            "status": self.status,
            "published_version": self.published_version,
            "apply_changes": self.applies,
            "publish_changes": self.publishes,
            "changes": list(self.changes),
            "filters": [asdict(one) for one in self.filters],
            "transitions": [one.to_dict() for one in self.transitions],
            "messages": {name: one.to_dict() for name, one in self.messages.items()},
            "content_changes": [one.to_dict() for one in self.contents],
            "later": list(self.later),
            "unused_outputs": dict(self.unused),
            "starts": self.starts,
            "launches": [one.isoformat() for one in self.launches],
            "executions_that_keep_their_version": list(self.keep),
            "read_live": list(self.read_live),
            "may_enter_again": [one.to_dict() for one in self.reentries],
            "trouble": self.trouble or None,
        }


@requires(Right.VIEW)
def plan_campaigns(project: Project, names: Sequence[str]) -> list[CampaignPlan]:
    """Plan the campaigns as their files say; the store and its sending stay untouched.

    Raises FaultsFound with what is wrong in the first one whose templates have faults.
    """
    with rehearsal(project) as place:
        return [_plan(project, place, name) for name in names]


def _plan(project: Project, place: Rehearsal, name: str) -> CampaignPlan:
    row = _row(project, name)
    published = row.published_version if row else None
    before = place.take_stored(name, published) if published else None
    version = place.take_file(name)
    after = place.run(name, version)
    known = place.run(name, before) if before is not None and before != version else None
    transitions = tuple(plan_transitions(place, after, known))
    moved = {one.transition: (one.entered or 0, one.left or 0) for one in transitions}
    graph, now = after.compiled.graph, project.clock()
    unused = [t for t in graph.unused() if not graph[t.partition(".")[0]].channel]
    catalog = project.catalog.entities
    return CampaignPlan(
        campaign=name,
        status=row.status if row else "new",
        published_version=published,
        applies=_is_new(project, place, row, version),
        publishes=before != version,
        changes=tuple(_changes(known.compiled, after.compiled)) if known else (),
        filters=filter_changes(project, known.compiled, after.compiled, moved) if known else (),
        transitions=transitions,
        messages=after.messages,
        contents=content_changes(place, known, after) if known else (),
        later=tuple(name for name in graph.order if not _is_computed(after, name)),
        unused={t: after.rows[t].rows if t in after.rows else None for t in unused},
        launches=tuple(next_launches(after.compiled.campaign, now)),
        starts=launch_sentence(after.compiled.campaign, now),
        keep=tuple(_keeping(project, name)) if row else (),
        read_live=tuple(sorted(n for n, e in catalog.items() if is_live(project, e))),
        reentries=find_reentries(project, known.compiled if known else None, after.compiled, now),
        trouble=after.trouble,
    )


def _row(project: Project, name: str) -> CampaignRow | None:
    try:
        return project.store.campaigns.get(name)
    except Refused:
        return None


def _is_new(project: Project, place: Rehearsal, row: CampaignRow | None, version: int) -> bool:
    if row is None or not row.latest_version:
        return True
    latest = project.store.campaigns.version(row.name, row.latest_version)
    return place.project.store.campaigns.version(row.name, version).digest != latest.digest


def _is_computed(after: Rehearsed, name: str) -> bool:
    vertex = after.compiled.graph[name]
    first = vertex.plan if vertex.channel else next(iter(vertex.outputs), name)
    return first in after.rows


def _changes(before: CompiledVersion, after: CompiledVersion) -> Iterator[str]:
    """Sentences about what differs in the two definitions."""
    old, new = definition_json(before.campaign), definition_json(after.campaign)
    activities, former = new.pop("activities"), old.pop("activities")
    for name in [n for n in activities if n not in former]:
        yield f"activity '{name}' is new ({activities[name]['type']})"
    for name in [n for n in former if n not in activities]:
        yield f"activity '{name}' is gone ({former[name]['type']})"
    for name in [n for n in activities if n in former and activities[n] != former[n]]:
        yield f"activity '{name}': {_differing(former[name], activities[name])}"
    if old != new:
        yield f"campaign: {_differing(old, new)}"
    elif activities == former and before.filters == after.filters:
        yield "a template has changed"


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    names = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
    return f"{', '.join(names)} changed"


def _keeping(project: Project, name: str) -> Iterator[str]:
    for execution in project.store.executions.open_executions(name):
        waits = project.store.executions.waits_for(execution.id).sentence
        yield f"{execution.key} goes on with version {execution.version}: {waits}"
