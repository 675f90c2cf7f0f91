"""What is wrong with the templates of a campaign file, found without a store."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from campanile.activities.email import Email
from campanile.campaigns.definitions import Definitions
from campanile.catalog.entities import Catalog
from campanile.errors import CampanileError, Fault, FaultsFound, Place

if TYPE_CHECKING:
    from campanile.operations.project import Project


@dataclass(frozen=True)
class _FilesOnly:
    """The part of a project that templates are checked against."""

    definitions: Definitions
    base_url: str

    @property
    def catalog(self) -> Catalog:
        return self.definitions.catalog


def template_faults(definitions: Definitions, name: str) -> list[Fault]:
    """The faults in the templates and subjects of one campaign that loaded without faults."""
    campaign = definitions.campaigns[name]
    if not any(isinstance(config, Email) for config in campaign.activities.values()):
        return []
    from campanile.operations.authoring.templates import check_templates

    files = _FilesOnly(definitions, definitions.project.tracking.base_url)
    try:
        check_templates(cast("Project", files), campaign)
    except FaultsFound as found:
        return list(found.faults)
    except CampanileError as error:
        place = Place(str(definitions.files[name].relative_to(definitions.folder)))
        return [Fault(place, str(error))]
    return []
