"""The one layout of a project's files: whose keys stand in which order."""

from typing import Any, Final

from pydantic import BaseModel

from campanile.activities.base import ActivityConfig
from campanile.activities.email import Email
from campanile.campaigns.definition import Campaign
from campanile.campaigns.own_names import respell_rules
from campanile.campaigns.schedule import RecurringSchedule, ScheduleOptions
from campanile.campaigns.schema import MODELS, FileKind
from campanile.catalog.model_faults import empty_values
from campanile.catalog.model_shape import keys_of, member_of, model_for, model_in, under
from campanile.catalog.yaml_comments import Entry, Group
from campanile.catalog.yaml_document import Document, MapNode, ScalarNode
from campanile.catalog.yaml_layout import lay_out
from campanile.catalog.yaml_source import read_yaml

# Where the order differs from that of the model: what comes first, and what comes last.
_FIRST: Final[dict[type[BaseModel], tuple[str, ...]]] = {
    Campaign: (
        *("format", "name", "label", "description", "tags", "owner", "supervisors", "model"),
        *("dimension", "merge_policy", "parameters", "schedule", "goals", "on_error", "max_errors"),
        *("keep", "renamed_from", "activities"),
    ),
    ActivityConfig: ("type", "from", "after", "label", "note"),
    Email: (
        *("template", "subject", "preheader", "sender", "address", "category", "topic", "per"),
        *("confirm", "holdout", "variants", "goal", "optimise", "pressure", "quiet_hours"),
        *("seeds", "pace", "waves", "at", "expires", "doubt", "track", "utm", "language"),
    ),
    RecurringSchedule: ("every", "months", "days", "at", "between"),
}
_LAST: Final[dict[type[BaseModel], tuple[str, ...]]] = {
    ActivityConfig: (
        *("labels", "when_empty", "checks", "disabled", "pause", "on_error", "renamed_from"),
    ),
    ScheduleOptions: ("timezone", "start", "end", "overlap", "late"),
}
_UNKNOWN: Final = 1000  # the place of a key that no model has
# Always one line or more for each of their members.
_SPREAD: Final = (
    *("activities", "entities", "dimensions", "senders", "topics"),
    *("connections", "environments"),
)


def kind_of(document: Document) -> FileKind | None:
    """Which kind of file a document is, by its keys; None when they say nothing."""
    keys = set(document.root.values) if isinstance(document.root, MapNode) else set()
    if "activities" in keys:
        return "campaign"
    if keys & {"entities", "dimensions"}:
        return "catalog"
    if keys & {"senders", "topics"}:
        return "channels"
    if {"name", "where"} <= keys:
        return "filter"
    if {"name", "by", "values"} <= keys:
        return "distribution"
    return "project" if keys & {"connections", "environments", "store", "tracking"} else None


def formatted(text: str, file: str, kind: FileKind | None = None) -> str:
    """Return the text of a file of a project in its one layout: comments, order and ends of line.

    Rules in the original product's function names are written in our own ones. A file whose first
    line ends in CR LF keeps such ends. Raises `FaultsFound` with the places of
    what cannot be read or has no value; an unknown option is no fault here, and comes last.
    """
    crlf = text.partition("\n")[0].endswith("\r")
    document = read_yaml(text.replace("\r\n", "\n").replace("\r", "\n"), file)
    document.faults += [] if document.faults else empty_values(document)
    chosen = kind or kind_of(document)
    if chosen is None and not document.faults:
        document.fault(0, "it is none of a project: campaign, catalog, channels or settings.")
    model = MODELS[chosen or "campaign"]
    respell_rules(document, chosen)
    laid_out = lay_out(document, lambda root: _arrange(root, model), _SPREAD)
    return laid_out.replace("\n", "\r\n") if crlf else laid_out


def _arrange(group: Group, annotation: Any) -> None:
    """Put the keys of every map that has a model in the order of the model."""
    model = _model_of(group, annotation) if group.is_map else None
    if model is not None:
        place = _places(model)
        group.entries.sort(key=lambda entry: place.get(_name(entry), _UNKNOWN))
    for entry in group.entries:
        if isinstance(entry.value, Group):
            inner = under(model, _name(entry)) if model is not None else member_of(annotation)
            _arrange(entry.value, inner)


def _model_of(group: Group, annotation: Any) -> type[BaseModel] | None:
    """The model of a map; of an activity whose type is not built, what all activities share."""
    written = {
        _name(entry): entry.value.text if isinstance(entry.value, ScalarNode) else None
        for entry in group.entries
    }
    found = model_for(annotation, written)
    shared = model_in(annotation) if found is None else None
    return ActivityConfig if shared and issubclass(shared, ActivityConfig) else found


def _name(entry: Entry) -> str:
    return (entry.key.text if entry.key is not None else None) or ""


def _places(model: type[BaseModel]) -> dict[str, int]:
    """The place of each key of a model; what is unknown comes before the last ones."""
    first = [key for kind, keys in _FIRST.items() if issubclass(model, kind) for key in keys]
    last = [key for kind, keys in _LAST.items() if issubclass(model, kind) for key in keys]
    known = [*first, *(key for key in keys_of(model) if key not in first)]
    places = {key: number for number, key in enumerate(known)}
    return places | {key: _UNKNOWN + 1 + number for number, key in enumerate(last)}
