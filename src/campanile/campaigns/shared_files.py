"""What several campaigns share, each in a file of its own: filters and distributions."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from campanile.activities.base import ActivityConfig
from campanile.activities.quotas import Distribution
from campanile.activities.split import Split
from campanile.campaigns.definitions import Definitions, documents_in, parse_file
from campanile.campaigns.filters import check_filters, read_filters
from campanile.catalog.yaml_document import Document
from campanile.errors import DefinitionError, Fault, FaultsFound
from campanile.relations.parse import did_you_mean, parse


def read_shared_files(definitions: Definitions) -> Definitions:
    """Add the filters and distributions of the project; the faults of each are in `broken`.

    A filter with a faulty rule is there all the same, so that its callers hear of the fault.
    """
    read = read_filters(documents_in(definitions.folder, "filters").values())
    known = replace(definitions, filters=read.files)
    distributions, faults = _read_distributions(known)
    faults += [*read.faults, *check_filters(read, known)]
    errors = {fault.place.file for fault in faults if fault.severity == "error"}
    return replace(
        known,
        distributions=distributions,
        broken={
            file: FaultsFound([fault for fault in faults if fault.place.file == file])
            for file in sorted(errors)
        },
        warnings=tuple(fault for fault in faults if fault.place.file not in errors),
    )


def _read_distributions(
    definitions: Definitions,
) -> tuple[dict[str, Distribution], list[Fault]]:
    faults: list[Fault] = []
    found: dict[str, Distribution] = {}
    for document in documents_in(definitions.folder, "distributions").values():
        read = parse_file(document, Distribution, faults)
        if not isinstance(read, Distribution):
            continue
        faults += _check_distribution(read, document, definitions)
        if read.name in found:
            message = f"a second distribution is named `{read.name}`."
            remedy = "Choose another name."
            faults.append(Fault(document.place_of(("name",)), message, remedy, "distribution"))
        found.setdefault(read.name, read)
    return found, faults


def _check_distribution(
    read: Distribution, document: Document, definitions: Definitions
) -> Iterable[Fault]:
    """What can be known without the rows that it is used on: their columns are the campaign's."""
    entities = definitions.catalog.entities
    if read.assign is not None and read.assign.entity not in entities:
        message = f"there is no entity `{read.assign.entity}`."
        remedy = did_you_mean(read.assign.entity, entities)
        yield Fault(document.place_of(("assign", "entity")), message, remedy, "unknown_entity")
    try:
        parse(read.by)
    except DefinitionError as error:
        place = document.place_of(("by",), offset=error.offset or 0)
        yield Fault(place, error.message, error.remedy, error.code)


def with_distributions(
    activities: Mapping[str, ActivityConfig], distributions: Mapping[str, Distribution]
) -> dict[str, ActivityConfig]:
    """The activities with the distributions that they name, so that a version freezes them.

    A name that stands for nothing stays, for the check of references to find.
    """
    return {
        name: config.model_copy(update={"distribution": distributions[config.distribution]})
        if isinstance(config, Split)
        and isinstance(config.distribution, str)
        and config.distribution in distributions
        else config
        for name, config in activities.items()
    }
