"""Campaign files to campaigns: every fault of every file, with its place and a remedy."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from campanile.activities import ACTIVITIES, NOT_BUILT, activity_type
from campanile.activities.base import ActivityConfig
from campanile.activities.fork import Fork
from campanile.campaigns.audience_references import (
    audiences_of,
    audiences_read,
    savers_first,
)
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import (
    Definitions,
    documents_in,
    read_project,
    without_losses,
)
from campanile.campaigns.graph import build_graph
from campanile.campaigns.graph_check import (
    GraphFault,
    check_dimensions,
    check_graph,
    sound_activities,
)
from campanile.campaigns.receivers import Receiver, receivers_of
from campanile.campaigns.references_check import check_references
from campanile.campaigns.rules_check import check_rules
from campanile.campaigns.saved_columns import with_saved_columns
from campanile.campaigns.shared_files import read_shared_files, with_distributions
from campanile.catalog.model_faults import empty_values, model_faults
from campanile.catalog.names import fault_in_name
from campanile.catalog.saved_audiences import KnownAudience, merged
from campanile.catalog.yaml_document import Document, MapNode, ScalarNode, plain
from campanile.catalog.yaml_source import read_yaml
from campanile.errors import Fault, FaultsFound
from campanile.relations.parse import did_you_mean
from campanile.relations.types import Schema

# Faults after which rules cannot be read as their author meant them.
_HINDERS_RULES = frozenset(
    (
        *("graph", "unknown_dimension", "unknown_parameter", "unknown_type"),
        "unknown_distribution",
    )
)


def load_definitions(
    folder: Path,
    *,
    environment: str | None = None,
    bound: Mapping[str, Schema] | None = None,
    audiences: Mapping[str, KnownAudience] | None = None,
) -> Definitions:
    """Read all files of the project in `folder`.

    Raises `FaultsFound` for faults of settings, catalog and channels. A campaign with faults takes
    nothing else down: it is missing from `campaigns`, and its faults are in `broken`, as are those
    of filters and distributions, which are faults of whoever calls them too. `bound` are
    the columns of entities whose catalog file leaves them to the source; `audiences` are those that
    were saved.
    """
    definitions, faults = read_project(folder, environment=environment, bound=bound)
    if faults:
        raise FaultsFound(faults)
    documents = documents_in(folder, "campaigns")
    messages: dict[str, str] = {}
    receivers: dict[str, Receiver] = {}
    saved = dict(audiences or {})
    default = _default_dimension(definitions)
    for document in documents.values():
        messages |= messages_of(document)
        receivers |= receivers_of(document)
        saved = merged(saved, audiences_of(document, default))
    definitions = replace(definitions, messages=messages, receivers=receivers, audiences=saved)
    definitions = read_shared_files(definitions)
    campaigns: dict[str, Campaign] = {}
    files: dict[str, Path] = {}
    broken = dict(definitions.broken)
    warnings = [*definitions.warnings]
    read = {name for each in documents.values() for name in audiences_read(each)}
    for path, document in savers_first(documents, default):
        campaign, found = read_campaign(document, definitions)
        if campaign is not None and read:
            definitions = with_saved_columns(campaign, definitions)
        if campaign is not None and campaign.name in campaigns:
            first = files[campaign.name].relative_to(folder)
            message = f"a campaign `{campaign.name}` stands in {first} already."
            found.append(Fault(document.place_of(("name",)), message))
        errors = [fault for fault in found if fault.severity == "error"]
        if errors or campaign is None:
            broken[document.file] = FaultsFound(found)
            continue
        campaigns[campaign.name], files[campaign.name] = campaign, path
        warnings += found
    return replace(
        definitions, campaigns=campaigns, files=files, broken=broken, warnings=tuple(warnings)
    )


def load_campaign(content: bytes | str, file: str, definitions: Definitions) -> Campaign:
    """Read one campaign; raises `FaultsFound` with everything wrong in it."""
    campaign, faults = read_campaign(read_yaml(content, file), definitions)
    if campaign is None or any(fault.severity == "error" for fault in faults):
        raise FaultsFound(faults)
    return campaign


def read_campaign(
    document: Document, definitions: Definitions
) -> tuple[Campaign | None, list[Fault]]:
    """Read one campaign and list its faults and warnings; None when there is any fault."""
    faults = list(document.faults)
    if not isinstance(document.root, MapNode):
        if document.root is not None:
            faults.append(Fault(document.place(0), "a campaign file is a map: name, activities."))
        return None, faults
    faults += empty_values(document)
    activities, lost, found = _read_activities(document)
    activities = with_distributions(activities, definitions.distributions)
    faults += found
    graph_faults = check_graph(activities, lost)
    sound = sound_activities(activities, graph_faults)
    campaign, found = _read_whole(document, sound, definitions)
    faults += found
    if document.broken_at is not None:
        return None, _distinct(faults)
    faults += _placed(document, graph_faults)
    if campaign is not None and sound:
        own = {**definitions.messages, **messages_of(document)}
        saved = audiences_of(document, _default_dimension(definitions))
        audiences = merged(definitions.audiences, saved)
        receivers = {**definitions.receivers, **receivers_of(document)}
        known = replace(definitions, messages=own, receivers=receivers, audiences=audiences)
        faults += _check_meaning(document, campaign, known)
    is_right = not any(fault.severity == "error" for fault in faults)
    return campaign if is_right else None, _distinct(faults)


def _default_dimension(definitions: Definitions) -> str | None:
    default = definitions.catalog.default_dimension
    return default.name if default else None


def messages_of(document: Document) -> dict[str, str]:
    """The channel activities of a campaign file, unchecked, and what one message is for."""
    written = plain(document.root)
    if not isinstance(written, dict) or not isinstance(written.get("activities"), dict):
        return {}
    channels = {"email", "sms", "push", "direct_mail", "webhook"}
    return {
        f"{written.get('name')}.{name}": "row" if options.get("per") == "row" else "recipient"
        for name, options in written["activities"].items()
        if isinstance(options, dict) and str(options.get("type")) in channels
    }


def _read_activities(
    document: Document,
) -> tuple[dict[str, ActivityConfig], set[str], list[Fault]]:
    """Read each activity by itself: those that are right, the names of the others, the faults."""
    _, node = document.find(("activities",))
    activities: dict[str, ActivityConfig] = {}
    lost: set[str] = set()
    faults: list[Fault] = []
    if not isinstance(document.root, MapNode) or "activities" not in document.root.values:
        return activities, lost, faults
    for name in node.values if isinstance(node, MapNode) else ():
        config, found = _read_activity(document, name)
        faults += found
        if config is None:
            lost.add(name)
        else:
            activities[name] = config
    return activities, lost, faults


def _read_activity(document: Document, name: str) -> tuple[ActivityConfig | None, list[Fault]]:
    path = ("activities", name)
    faults = []
    if wrong := fault_in_name(name):
        faults.append(Fault(document.place_of(path, key=True), wrong, code="name"))
    _, node = document.find(path)
    if not isinstance(node, MapNode):
        place = document.place_of(path, key=True)
        return None, [*faults, Fault(place, f"`{name}` takes a map: type, from, …")]
    written = node.values.get("type")
    kind = written.text if isinstance(written, ScalarNode) else None
    if unknown := _fault_in_type(document, name, kind):
        return None, [*faults, *without_losses(document, [unknown])]
    model = activity_type(kind or "").config
    try:
        return model.model_validate(plain(node)), faults
    except ValidationError as error:
        found = model_faults(error, document, path, model)
        return None, [*faults, *without_losses(document, found)]


def _fault_in_type(document: Document, name: str, kind: str | None) -> Fault | None:
    place = document.place_of(("activities", name, "type"))
    known = [activity.name for activity in ACTIVITIES]
    if kind is None:
        remedy = f"There is: {', '.join(known)}."
        return Fault(place, f"`{name}` has no `type`.", remedy, "missing")
    if kind in NOT_BUILT:
        return Fault(place, f"the activity type `{kind}` is not built yet.", "", "not_built")
    if kind not in known:
        message = f"there is no activity type `{kind}`."
        return Fault(place, message, did_you_mean(kind, [*known, *NOT_BUILT]), "unknown_type")
    return None


def _read_whole(
    document: Document, activities: Mapping[str, ActivityConfig], definitions: Definitions
) -> tuple[Campaign | None, list[Fault]]:
    """Read everything but the activities; those that are sound are given."""
    written: dict[str, Any] = plain(document.root)
    if isinstance(written.get("activities"), dict) and written["activities"]:
        # Where none can be read, their own faults say enough.
        written["activities"] = dict(activities) or {"unread": Fork(outputs=("unread",))}
    if isinstance(schedule := written.get("schedule"), dict):
        written["schedule"] = {"timezone": definitions.timezone} | schedule
    elif written.get("schedule") == "asap":
        written["schedule"] = {"asap": "true", "timezone": definitions.timezone}
    try:
        return Campaign.model_validate(written), []
    except ValidationError as error:
        faults = without_losses(document, model_faults(error, document, (), Campaign))
        faulty = {detail["loc"][0] for detail in error.errors() if detail["loc"]}
    if faulty & {"name", "parameters", "activities"}:
        return None, faults
    try:  # without the faulty keys, so that the rest can be checked too
        rest = {key: value for key, value in written.items() if key not in faulty}
        return Campaign.model_validate(rest), faults
    except ValidationError:
        return None, faults


def _check_meaning(document: Document, campaign: Campaign, definitions: Definitions) -> list[Fault]:
    """Check what the parts say about each other and about the project."""
    found, dimension = check_references(campaign, definitions)
    graph = build_graph(campaign.activities, dimension)
    found += check_dimensions(graph)
    faults = _placed(document, found)
    if not any(fault.code in _HINDERS_RULES for fault in found):
        faults += check_rules(campaign, graph, definitions, document)
    return faults


def _placed(document: Document, found: Iterable[GraphFault]) -> list[Fault]:
    faults = []
    for fault in found:
        at_key = len(fault.path) == 2
        place = document.place_of(fault.path, key=at_key)
        faults.append(Fault(place, fault.message, fault.remedy, fault.code, fault.severity))
    return faults


def _distinct(faults: Iterable[Fault]) -> list[Fault]:
    return list(dict.fromkeys(faults))
