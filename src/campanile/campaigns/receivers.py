"""The campaigns that a signal may start, as their files say, and what they want to be given."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from campanile.campaigns.definition import Parameter
from campanile.catalog.yaml_document import Document, plain


@dataclass(frozen=True)
class Receiver:
    """A campaign of another file, unchecked: whether a signal starts it, and its parameters."""

    takes_signals: bool
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


def receivers_of(document: Document) -> dict[str, Receiver]:
    """What a campaign file says about signals; a parameter that cannot be read is left out."""
    written = plain(document.root)
    if not isinstance(written, dict) or not isinstance(written.get("name"), str):
        return {}
    schedule, parameters = written.get("schedule"), written.get("parameters")
    takes = isinstance(schedule, dict) and "signal" in schedule and written.get("model") != "true"
    read = {}
    for name, options in parameters.items() if isinstance(parameters, dict) else ():
        try:
            read[name] = Parameter.model_validate(options)
        except ValidationError:
            continue
    return {written["name"]: Receiver(takes, read)}
