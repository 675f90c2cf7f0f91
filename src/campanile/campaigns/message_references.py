"""What a message reference means: `activity` here and now, `campaign.activity` ever."""

from collections.abc import Iterable, Mapping

from campanile.activities import activity_type
from campanile.activities.email import Email
from campanile.campaigns.definition import Campaign
from campanile.errors import DefinitionError
from campanile.relations.parse import did_you_mean
from campanile.relations.scope import MessageSource


def resolve_message(
    campaign: Campaign, messages: Mapping[str, str], reference: str, execution: str | None = None
) -> MessageSource:
    """Resolve a message reference of a rule: `activity` here and now, or `campaign.activity` ever.

    Raises `DefinitionError` when there is no such message.
    """
    own = {n: c for n, c in campaign.activities.items() if activity_type(c.type).channel}
    if "." not in reference and reference in own:
        config = own[reference]
        per = config.per if isinstance(config, Email) and config.per else "recipient"
        return MessageSource(campaign.name, reference, execution, per)
    here = f"{campaign.name}.{reference}"
    if here in messages:  # of an activity with a fault of its own
        return MessageSource(campaign.name, reference, execution)
    activity = reference.partition(".")[2]
    known = {**messages, **{f"{campaign.name}.{name}": "recipient" for name in own}}
    if activity and reference in known:
        return message_elsewhere(known, reference)
    raise _unknown(reference, [*own, *known])


def message_elsewhere(messages: Mapping[str, str], reference: str) -> MessageSource:
    """Resolve a message reference of a rule that stands in no campaign: `campaign.activity`.

    Raises `DefinitionError` when there is no such message.
    """
    campaign, _, activity = reference.partition(".")
    if activity and reference in messages:
        return MessageSource(
            campaign, activity, None, "row" if messages[reference] == "row" else "recipient"
        )
    raise _unknown(reference, messages)


def _unknown(reference: str, known: Iterable[str]) -> DefinitionError:
    return DefinitionError(
        f"there is no message `{reference}`.",
        remedy=did_you_mean(reference, known),
        code="unknown_message",
    )
