"""The saved audiences that campaign files make and read, and of which dimension each is."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from campanile.activities import ACTIVITIES, activity_type
from campanile.catalog.names import split_reference
from campanile.catalog.saved_audiences import KnownAudience, Writer, merged
from campanile.catalog.yaml_document import Document, plain

_BUILT: Final = frozenset(kind.name for kind in ACTIVITIES)


def audiences_of(document: Document, default: str | None) -> dict[str, KnownAudience]:
    """The audiences a campaign file saves, unchecked.

    `default` is the catalog's default dimension. A name that is a template is left out.
    """
    written, activities = _written(document)
    own = written.get("dimension") or default
    found: dict[str, KnownAudience] = {}
    for name, options in activities.items():
        audience = str(options.get("audience"))
        dimension = _dimension(activities, name, own)
        if options.get("type") != "save_audience" or dimension is None or "{" in audience:
            continue
        identity = options.get("identity", ())
        known = KnownAudience(
            dimension=dimension,
            identity=(identity,) if isinstance(identity, str) else tuple(identity),
            merge_policy=str(written.get("merge_policy") or "default"),
            writers=(Writer(str(written.get("name")), name, str(options.get("mode", "replace"))),),
        )
        found = merged(found, {audience: known})
    return found


def audiences_read(document: Document) -> frozenset[str]:
    """The names of the audiences whose rows a campaign file reads, unchecked."""
    return frozenset(
        str(options.get("audience"))
        for options in _written(document)[1].values()
        if options.get("type") == "read_audience"
    )


def savers_first(
    documents: Mapping[Path, Document], default: str | None
) -> Iterator[tuple[Path, Document]]:
    """The documents, each after those that save what it reads; a circle in the order of files."""
    saved = {path: set(audiences_of(each, default)) for path, each in documents.items()}
    read = {path: audiences_read(each) for path, each in documents.items()}
    left = dict(documents)
    while left:
        free = [
            path
            for path in left
            if not any(read[path] & saved[other] for other in left if other != path)
        ]
        for path in free or list(left)[:1]:
            yield path, left.pop(path)


def _written(document: Document) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What a file says, and its activities as far as they are maps."""
    written = plain(document.root)
    activities = written.get("activities") if isinstance(written, dict) else None
    if not isinstance(activities, dict):
        return {}, {}
    return written, {name: o for name, o in activities.items() if isinstance(o, dict)}


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
