"""Apply: several campaign files are saved as versions together, or none of them is."""

from collections.abc import Sequence

from campanile.campaigns.life import STATUSES, follow, sources
from campanile.errors import FaultsFound
from campanile.operations.authoring.sample_faults import sample_faults
from campanile.operations.authoring.template_faults import template_faults
from campanile.operations.authoring.versions import Applied, apply_campaign
from campanile.operations.people.rights import requires_for_campaign
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.store.campaigns import CampaignRow

_OVER = tuple(status for status in STATUSES if status not in sources("apply"))


@requires_for_campaign(Right.EDIT)
def apply_all(project: Project, names: Sequence[str], *, actor: str) -> list[Applied]:
    """Save each campaign as a version, after all of them were found right.

    Raises FaultsFound with the faults of every template and sample, or Refused for a campaign
    whose status takes no further version (its file may stay as it is); then nothing was saved.
    """
    definitions = project.definitions
    faults = [
        fault
        for name in names
        for fault in (*template_faults(definitions, name), *sample_faults(definitions, name))
    ]
    if faults:
        raise FaultsFound(faults)
    over = {row.name: row for row in project.store.campaigns.inventory(_OVER) if row.name in names}
    for row in over.values():
        _require_unchanged(project, row)
    return [
        Applied(name, over[name].latest_version, created=False, status=over[name].status)
        if name in over
        else apply_campaign(project, name, actor=actor)
        for name in names
    ]


def _require_unchanged(project: Project, row: CampaignRow) -> None:
    """Refuse the file of a campaign that is over, unless it says what it said."""
    latest = project.store.campaigns.version(row.name, row.latest_version)
    if project.definitions.files[row.name].read_text(encoding="utf-8") != latest.source:
        follow(row.name, row.status, "apply")
