"""Which rows the checks of an activity look at, and which transitions a table rule may name."""

from campanile.activities import activity_type
from campanile.campaigns.graph import Graph, Vertex, transition_table
from campanile.catalog.entities import Catalog
from campanile.relations.scope import SavedAudience


def checked_transition(vertex: Vertex) -> str | None:
    """The transition that the checks of an activity look at; None where there is no such one.

    It is the main output, checked when it is computed. What sends, writes or tells is checked
    before it does so, on the rows that come in.
    """
    if acts(vertex):
        return vertex.inputs[0] if vertex.inputs else None
    return vertex.name if vertex.name in vertex.outputs else None


def acts(vertex: Vertex) -> bool:
    """Whether an activity does something that cannot be taken back with its table."""
    return vertex.channel or activity_type(vertex.type).passes_on


def transitions_before(graph: Graph, activity: str, catalog: Catalog) -> dict[str, SavedAudience]:
    """The transitions that are committed when `activity` runs, as `in_transition` sees them."""
    found, ancestors = {}, graph.ancestors(activity)
    for above in graph.order:
        if above not in ancestors:
            continue
        for transition in graph[above].outputs:
            dimension = catalog.dimensions.get(graph.dimension_of(transition) or "")
            if dimension is not None:
                table, entity = f"work__{transition_table(transition)}", dimension.entity
                key = catalog.entities[entity].key
                found[transition] = SavedAudience(table, entity, key)
    return found
