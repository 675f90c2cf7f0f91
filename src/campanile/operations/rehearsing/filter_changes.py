"""Filters that changed under a campaign: who calls them, and the people who come and go."""

from collections.abc import Mapping
from dataclasses import dataclass

from campanile.campaigns.compiled import CompiledVersion, definition_json
from campanile.campaigns.filters import filters_called
from campanile.operations.authoring.filter_uses import filter_uses
from campanile.operations.project import Project


@dataclass(frozen=True)
class FilterChange:
    """A filter that says something else than in the published version, and what follows of it.

    `entered` and `left` count the rows of the activities that call it; `also_used_by` are other
    campaigns, which keep their text of it until they are applied and published again.
    """

    filter: str
    activities: tuple[str, ...]
    entered: int
    left: int
    also_used_by: tuple[str, ...]


def filter_changes(
    project: Project,
    before: CompiledVersion,
    after: CompiledVersion,
    moved: Mapping[str, tuple[int, int]],
) -> tuple[FilterChange, ...]:
    """The filters that both versions call and that differ; `moved` is who entered and left."""
    activities = definition_json(after.campaign)["activities"]
    found = []
    for name, file in after.filters.items():
        if before.filters.get(name, file) == file:
            continue
        callers = [a for a, one in activities.items() if name in filters_called(one, after.filters)]
        own = [counts for t, counts in moved.items() if t.partition(".")[0] in callers]
        users = filter_uses(project, name)[0].campaigns
        found.append(
            FilterChange(
                filter=name,
                activities=tuple(callers),
                entered=sum(entered for entered, _ in own),
                left=sum(left for _, left in own),
                also_used_by=tuple(one for one in users if one != after.campaign.name),
            )
        )
    return tuple(found)
