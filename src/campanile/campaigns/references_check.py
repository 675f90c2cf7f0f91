"""What a campaign refers to outside itself: dimensions, senders, topics, templates, parameters."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from campanile.activities.amounts import Size
from campanile.activities.email import Email
from campanile.activities.options import Options
from campanile.activities.split import Split
from campanile.activities.values import ParameterRef
from campanile.campaigns.audience_savers import check_savers
from campanile.campaigns.definition import PLAIN_TYPES, Campaign
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.files_check import check_files
from campanile.campaigns.flow_check import check_flow
from campanile.campaigns.former_names import check_former_names
from campanile.campaigns.graph import build_graph
from campanile.campaigns.graph_check import GraphFault
from campanile.campaigns.memory_check import check_memory
from campanile.campaigns.schedule_check import check_schedule
from campanile.campaigns.texts_check import check_texts
from campanile.catalog.entities import Catalog, Dimension
from campanile.relations.parse import did_you_mean


def check_references(
    campaign: Campaign, definitions: Definitions
) -> tuple[list[GraphFault], str | None]:
    """List what is referred to and is not there; also give the campaign's dimension."""
    catalog = definitions.catalog
    faults = [*_check_dimensions(campaign, catalog), *_check_parameters(campaign, catalog)]
    faults += check_schedule(campaign, definitions)
    faults += check_files(campaign, definitions)
    faults += check_flow(campaign, definitions)
    faults += check_texts(campaign)
    default = catalog.default_dimension
    dimension = campaign.dimension or (default.name if default else None)
    graph = build_graph(campaign.activities, dimension)
    faults += [*check_former_names(campaign), *check_memory(campaign, graph, definitions)]
    faults += check_savers(campaign, definitions.audiences)
    for name, config in campaign.activities.items():
        if isinstance(config, Email):
            found = catalog.dimensions.get(graph[name].dimension or "")
            faults += _check_email(name, config, found, definitions)
    faults += _check_distributions(campaign, definitions)
    return faults, dimension


def _check_distributions(campaign: Campaign, definitions: Definitions) -> Iterator[GraphFault]:
    for name, config in campaign.activities.items():
        if isinstance(config, Split) and isinstance(config.distribution, str):
            message = f"there is no distribution `{config.distribution}`."
            remedy = did_you_mean(config.distribution, definitions.distributions)
            remedy = remedy or "A file in `distributions/` makes one."
            path = ("activities", name, "distribution")
            yield GraphFault(path, message, remedy, "unknown_distribution")


def _check_dimensions(campaign: Campaign, catalog: Catalog) -> Iterator[GraphFault]:
    written: list[tuple[tuple[str, ...], str | None]] = [(("dimension",), campaign.dimension)]
    for name, config in campaign.activities.items():
        written.append((("activities", name, "dimension"), getattr(config, "dimension", None)))
        written.append((("activities", name, "to"), getattr(config, "to", None)))
    for path, dimension in written:
        if dimension is not None and dimension not in catalog.dimensions:
            message = f"there is no targeting dimension `{dimension}`."
            remedy = did_you_mean(dimension, catalog.dimensions)
            yield GraphFault(path, message, remedy, "unknown_dimension")
    if campaign.dimension is None and catalog.default_dimension is None:
        message = "the campaign names no `dimension`, and the catalog has no default one."
        remedy = f"There is: {', '.join(catalog.dimensions) or 'none'}."
        yield GraphFault(("name",), message, remedy, "unknown_dimension")


def _check_parameters(campaign: Campaign, catalog: Catalog) -> Iterator[GraphFault]:
    for name, parameter in campaign.parameters.items():
        if parameter.type not in (*PLAIN_TYPES, *catalog.entities):
            message = f"`{parameter.type}` is neither a type nor an entity."
            remedy = did_you_mean(parameter.type, (*PLAIN_TYPES, *catalog.entities))
            yield GraphFault(("parameters", name, "type"), message, remedy, "unknown_type")
    for path, reference in _references((), campaign):
        if reference.name not in campaign.parameters:
            message = f"there is no parameter `{reference.name}`."
            remedy = did_you_mean(reference.name, campaign.parameters)
            yield GraphFault(path, message, remedy, "unknown_parameter")


def _references(
    path: tuple[str | int, ...], value: Any
) -> Iterator[tuple[tuple[str | int, ...], ParameterRef]]:
    """Find every `param.name` that stands for a number, date or duration."""
    if isinstance(value, Size):
        value = value.amount
    if isinstance(value, ParameterRef):
        yield path, value
    elif isinstance(value, Options):
        for name, info in type(value).model_fields.items():
            yield from _references((*path, info.alias or name), getattr(value, name))
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _references((*path, key), part)


def _check_email(
    name: str, config: Email, dimension: Dimension | None, definitions: Definitions
) -> Iterator[GraphFault]:
    path, channels = ("activities", name), definitions.channels
    if config.sender is not None and config.sender not in channels.senders:
        remedy = did_you_mean(config.sender, channels.senders)
        message = f"there is no sender `{config.sender}`."
        yield GraphFault((*path, "sender"), message, remedy, "unknown_sender")
    if config.sender is None and channels.default_sender("email") is None:
        message = "the message names no `sender`, and channels.yaml has no default one."
        yield GraphFault(path, message, code="unknown_sender")
    if config.topic is not None and config.topic not in channels.topics:
        remedy = did_you_mean(config.topic, channels.topics)
        message = f"there is no topic `{config.topic}`."
        yield GraphFault((*path, "topic"), message, remedy, "unknown_topic")
    if not _has_template(definitions.templates_root, config.template):
        message = f"there is no e-mail template `templates/{config.template}`."
        remedy = did_you_mean(config.template, _templates(definitions.templates_root))
        yield GraphFault((*path, "template"), message, remedy, "unknown_template")
    if dimension is not None:
        yield from _check_recipient(path, config, dimension, definitions.catalog)


def _check_recipient(
    path: tuple[str, ...], config: Email, dimension: Dimension, catalog: Catalog
) -> Iterator[GraphFault]:
    if dimension.recipient and config.per is None:
        message = f"a row is a {dimension.name}, not a person: `per` is missing."
        yield GraphFault(path, message, "Write `per: row` or `per: recipient`.")
    person = dimension_of_person(catalog, dimension)
    of_person = person.addresses if person else {}
    if config.address is None and not {"email"} & {*dimension.addresses, *of_person}:
        message = f"the dimension {dimension.name} has no e-mail address."
        yield GraphFault(path, message, "Give it one in the catalog, or write `address`.")


def dimension_of_person(catalog: Catalog, dimension: Dimension) -> Dimension | None:
    """The dimension that `recipient` leads to; the dimension itself where it is the person."""
    entity = catalog.entities.get(dimension.entity)
    for step in dimension.recipient.split(".") if dimension.recipient else ():
        link = entity.links.get(step) if entity else None
        entity = catalog.entities.get(link.target) if link else None
    if entity is None or not dimension.recipient:
        return dimension if not dimension.recipient else None
    found = [d for d in catalog.dimensions.values() if d.entity == entity.name and not d.recipient]
    return found[0] if found else None


def _has_template(root: Path, template: str) -> bool:
    """Whether the template is a file, or a folder with one for e-mail; `{{` may become any."""
    if "{{" in template:
        return True
    path = (root / template).resolve()
    if not path.is_relative_to(root.resolve()):
        return False
    if path.suffix:
        return path.is_file()
    return any(path.glob("email*.mjml")) or any(path.glob("email*.html"))


def _templates(root: Path) -> list[str]:
    files = [*root.rglob("email*.mjml"), *root.rglob("email*.html")]
    return sorted({str(file.parent.relative_to(root)) for file in files})
