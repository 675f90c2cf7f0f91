"""The columns of saved audiences that only the rules of the campaign that saves them tell."""

from dataclasses import replace

from campanile.activities.read_audience import ReadAudience
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.empty_run import EmptyRun
from campanile.campaigns.graph import build_graph
from campanile.campaigns.scopes_check import tables_to_check


def reads_its_own(campaign: Campaign, definitions: Definitions) -> bool:
    """Whether a campaign reads an audience whose columns are only known from its own rules."""
    configs = campaign.activities.values()
    read = {config.audience for config in configs if isinstance(config, ReadAudience)}
    known = (definitions.audiences.get(name) for name in read)
    return any(each is not None and each.columns is None for each in known)


def with_saved_columns(campaign: Campaign, definitions: Definitions) -> Definitions:
    """The definitions, knowing the columns of the audiences that a sound campaign saves."""
    saving = any(config.type == "save_audience" for config in campaign.activities.values())
    if not saving or tables_to_check(definitions) is None:
        return definitions
    default = definitions.catalog.default_dimension
    dimension = campaign.dimension or (default.name if default else None)
    run = EmptyRun(campaign, build_graph(campaign.activities, dimension), definitions).whole()
    known = {
        name: replace(audience, columns=run.saved.get(name, audience.columns))
        for name, audience in definitions.audiences.items()
    }
    return replace(definitions, audiences=known)
