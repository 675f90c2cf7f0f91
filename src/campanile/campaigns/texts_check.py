"""Texts for people: what alerts tell and questions ask names only what there is by then."""

from collections.abc import Iterator
from typing import Final

from campanile.campaigns.definition import Campaign
from campanile.campaigns.graph_check import GraphFault
from campanile.content.engine import syntax_error, undeclared
from campanile.relations.parse import did_you_mean

_TEXTS: Final = {"approval": ("question",), "task": ("title",), "alert": ("title", "message")}
_ALWAYS: Final = ("campaign.name", "campaign.label", "execution.key", "execution.date")


def check_texts(campaign: Campaign) -> Iterator[GraphFault]:
    """Find fault with the templates of texts; a question also knows `count`, its rows."""
    parameters = [f"param.{name}" for name in campaign.parameters]
    for name, config in campaign.activities.items():
        known = [*_ALWAYS, *parameters, *(["count"] if config.type != "alert" else [])]
        for option in _TEXTS.get(config.type, ()):
            yield from _check_text(("activities", name, option), getattr(config, option), known)


def _check_text(path: tuple[str, ...], text: str, known: list[str]) -> Iterator[GraphFault]:
    error = syntax_error(text)
    if error is not None:
        message = f"the template cannot be read: {error.detail or error.kind}."
        yield GraphFault(path, message, "Names stand in `{{ … }}`.", "template")
        return
    for name in sorted(undeclared(text) - set(known)):
        remedy = did_you_mean(name, known)
        yield GraphFault(path, f"the template knows no `{name}`.", remedy, "unknown_name")
