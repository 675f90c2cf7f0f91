"""What is the same in every message of a delivery: constants, defaults, and link parameters."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from campanile.content.engine import RenderError, plain_environment, render
from campanile.content.names import check_names, check_syntax
from campanile.content.pieces import SourceFile, plain_source, split
from campanile.errors import DefinitionError


def check_constants(names: Collection[str], constants: Mapping[str, Any]) -> None:
    """Raise DefinitionError for `campaign.nmae`: what is fixed can be looked up now."""
    for name in sorted(names):
        top, *path = name.split(".")
        value: Any = constants.get(top)
        for key in path if top in constants else ():
            if not isinstance(value, Mapping) or key not in value:
                there = ", ".join(sorted(value)) if isinstance(value, Mapping) else "no parts"
                raise DefinitionError(
                    f"'{name}' is not known; '{top}' has: {there}.", code="unknown_name"
                )
            value = value[key]


def as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` as they will be after freezing, so that both render alike."""
    try:
        return dict(json.loads(json.dumps(dict(values))))
    except TypeError:
        raise DefinitionError(
            "a default or constant of the content is neither text, number, list nor map.",
            remedy="Write dates as text: 2026-12-24.",
        ) from None


def render_utm(utm: Mapping[str, str], constants: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that every link gets; raise DefinitionError for one without a value."""
    values = {}
    for key, template in utm.items():
        pieces = split(SourceFile(f"utm.{key}", str(template)))
        check_syntax(pieces, f"utm.{key}")
        check_names(pieces, constants, ())
        environment = plain_environment("text")
        environment.add_template("utm", plain_source(pieces))
        try:
            values[key] = render(environment, "utm", constants).strip()
        except RenderError as error:
            raise DefinitionError(f"utm.{key}: {error.message}", code="utm") from error
    return values
