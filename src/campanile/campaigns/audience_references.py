"""The saved audiences that campaign files make, and of which dimension each is."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from campanile.activities import ACTIVITIES, activity_type
from campanile.catalog.names import split_reference
from campanile.catalog.yaml_document import Document, plain

_BUILT: Final = frozenset(kind.name for kind in ACTIVITIES)


def audiences_of(document: Document, default: str | None) -> dict[str, str]:
    """The audiences a campaign file saves, unchecked, each with its dimension.

    `default` is the catalog's default dimension. A name that is a template is left out.
    """
    written = plain(document.root)
    activities = written.get("activities") if isinstance(written, dict) else None
    if not isinstance(activities, dict):
        return {}
    own = written.get("dimension") or default
    saving = {
        name: options
        for name, options in activities.items()
        if isinstance(options, dict) and options.get("type") == "save_audience"
    }
    found = {
        str(options.get("audience")): _dimension(activities, name, own)
        for name, options in saving.items()
    }
    return {name: of for name, of in found.items() if of is not None and "{" not in name}


def _dimension(activities: Mapping[str, Any], name: str, default: str | None) -> str | None:
    """The dimension of the rows an activity works on, traced up along `from`."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        options = activities.get(name)
        if not isinstance(options, dict):
            return None
        source = options.get("from")
        if not source:
            return str(options["dimension"]) if options.get("dimension") else default
        first = source[0] if isinstance(source, list) else source
        name, output = split_reference(str(first))
        given = _given(activities.get(name))
        if output in given:
            return given[output]
    return None


def _given(options: object) -> Mapping[str, str | None]:
    """The dimensions that an activity gives its outputs, where they are not that of its input."""
    if not isinstance(options, dict) or options.get("type") not in _BUILT:
        return {}
    kind = activity_type(str(options["type"]))
    try:
        return kind.gives(kind.config.model_validate(options))
    except ValidationError:
        return {}
