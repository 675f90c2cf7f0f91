"""Apply: several campaign files are saved as versions together, or none of them is."""

from collections.abc import Sequence

from campanile.errors import FaultsFound, Refused
from campanile.operations.authoring.template_faults import template_faults
from campanile.operations.authoring.versions import Applied, apply_campaign
from campanile.operations.project import Project
from campanile.store.statuses import EDITABLE


def apply_all(project: Project, names: Sequence[str], *, actor: str) -> list[Applied]:
    """Save each campaign as a version, after all of them were found right.

    Raises FaultsFound with the faults of every template, or Refused for a campaign whose status
    takes no further version; then nothing was saved.
    """
    definitions = project.definitions
    faults = [fault for name in names for fault in template_faults(definitions, name)]
    if faults:
        raise FaultsFound(faults)
    statuses = {row.name: row.status for row in project.store.campaigns.inventory()}
    for name in names:
        if statuses.get(name, "draft") not in EDITABLE:
            raise Refused(
                f"campaign '{name}' is {statuses[name]} and takes no further version; "
                "nothing was saved.",
                remedy="Give the file another `name`.",
            )
    return [apply_campaign(project, name, actor=actor) for name in names]
