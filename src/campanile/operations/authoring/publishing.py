"""Whether a version may be published now: everything that stands against it, at once.

It had no fault when it was applied; the catalog, the channels and other campaigns move on. What
was frozen with it (templates, filters) counts as it was.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.loading import load_campaign
from campanile.errors import Fault, FaultsFound
from campanile.operations.authoring.templates import check_templates, thaw_templates
from campanile.operations.project import Project
from campanile.store.campaigns import VersionRow


@dataclass(frozen=True)
class AsApplied(Definitions):
    """The definitions of today, with the templates of a version."""

    frozen: Path = Path()

    @property
    def templates_root(self) -> Path:
        """The folder of the version's templates."""
        return self.frozen


def require_publishable(project: Project, row: VersionRow, compiled: CompiledVersion) -> None:
    """Raise FaultsFound with all that stands against publishing a version today."""
    known = _definitions(project, row, compiled)
    faults: list[Fault] = []
    try:
        load_campaign(row.source, f"{row.campaign}, version {row.version}", known)
    except FaultsFound as found:
        faults += [fault for fault in found.faults if fault.severity == "error"]
    try:
        check_templates(replace(project, read_definitions=lambda: known), compiled.campaign)
    except FaultsFound as found:
        faults += found.faults
    if faults:
        raise FaultsFound(faults)


def _definitions(project: Project, row: VersionRow, compiled: CompiledVersion) -> AsApplied:
    today = project.definitions
    known = {each.name: getattr(today, each.name) for each in fields(today)}
    known["filters"] = {**today.filters, **compiled.filters}
    return AsApplied(**known, frozen=thaw_templates(project, row.campaign, row.version))
