"""Who saves an audience: several may add to one, and nobody else replaces it."""

from collections.abc import Iterator, Mapping

from campanile.activities.save_audience import SaveAudience
from campanile.campaigns.definition import Campaign
from campanile.campaigns.graph_check import GraphFault
from campanile.catalog.saved_audiences import KnownAudience, Writer


def check_savers(
    campaign: Campaign, audiences: Mapping[str, KnownAudience]
) -> Iterator[GraphFault]:
    """Refuse to replace what another activity saves, and to add to what another one replaces."""
    for name, config in campaign.activities.items():
        known = audiences.get(config.audience) if isinstance(config, SaveAudience) else None
        if not isinstance(config, SaveAudience) or known is None:
            continue
        path = ("activities", name, "audience")
        own = Writer(campaign.name, name, config.mode)
        for other in known.writers:
            same = (other.campaign, other.activity) == (own.campaign, own.activity)
            if not same and "replace" in (own.mode, other.mode):
                message = (
                    f"audience `{config.audience}` is saved by {other.campaign}.{other.activity}"
                    f" (mode {other.mode}) too: each would take away what the other saved."
                )
                remedy = "Choose another name, or let both `append` or `update`."
                yield GraphFault(path, message, remedy, "audience_saved_twice")
        if known.merge_policy != campaign.merge_policy:
            message = f"audience `{config.audience}` has the merge policy {known.merge_policy}."
            yield GraphFault(path, message, "Choose another name.", "merge_policy")
