"""What a query that remembers may name: an activity below it that settles its rows."""

from collections.abc import Iterator

from campanile.activities.incremental_query import IncrementalQuery
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.graph import Graph
from campanile.campaigns.graph_check import GraphFault
from campanile.relations.parse import did_you_mean


def check_memory(
    campaign: Campaign, graph: Graph, definitions: Definitions
) -> Iterator[GraphFault]:
    """Refuse a `remember_after` that no row of the query comes to, or that has other rows.

    A message with a fault of its own is not in the graph, and says enough.
    """
    for name, config in campaign.activities.items():
        if isinstance(config, IncrementalQuery) and config.remember_after is not None:
            settling = config.remember_after
            message, remedy = _fault(name, settling, graph)
            faulty = f"{campaign.name}.{settling}" in definitions.messages
            if message and not (faulty and settling not in graph.vertices):
                path = ("activities", name, "remember_after")
                yield GraphFault(path, message, remedy, "memory")


def _fault(query: str, settling: str, graph: Graph) -> tuple[str, str]:
    """What is wrong with the settling activity, and what to do; empty when nothing is."""
    below = [name for name in graph.order if name in graph.descendants(query)]
    if settling not in graph.vertices:
        return f"there is no activity `{settling}`.", did_you_mean(settling, below)
    if settling not in below:
        remedy = f"These come after it: {', '.join(below) or 'none'}."
        return f"no row of `{query}` comes to `{settling}`.", remedy
    found = graph[settling]
    if found.dimension != graph[query].dimension:
        remedy = "Name an activity before the change of dimension."
        return (
            f"`{settling}` works on rows of {found.dimension}, `{query}` on rows of "
            f"{graph[query].dimension}.",
            remedy,
        )
    if not found.outputs:
        return f"`{settling}` has no output, so no row leaves it.", "Name the one before it."
    return "", ""
