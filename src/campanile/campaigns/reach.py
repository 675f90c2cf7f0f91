"""What a campaign's activities work on: the columns of its transitions, the entities it reads."""

from campanile.activities import activity_type
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.graph import Graph
from campanile.campaigns.rules_check import RuleChecker
from campanile.catalog.yaml_source import read_yaml
from campanile.relations.relation import Relation


def _checked(campaign: Campaign, graph: Graph, definitions: Definitions) -> RuleChecker:
    checker = RuleChecker(campaign, graph, definitions, read_yaml("{}", campaign.name))
    for name in graph.order:
        checker.check(name)
    return checker


def working_tables(
    campaign: Campaign, graph: Graph, definitions: Definitions
) -> dict[str, Relation]:
    """The columns of every transition of a campaign whose rules are right, as relations."""
    return _checked(campaign, graph, definitions).relations


def entities_read(
    campaign: Campaign, graph: Graph, definitions: Definitions
) -> dict[str, tuple[str, ...]]:
    """The entities that each activity reads: where it starts, and where its rules reach."""
    checker = _checked(campaign, graph, definitions)
    found = {}
    for name, vertex in graph.vertices.items():
        reads = set(checker.reads.get(name, ()))
        dimension = definitions.catalog.dimensions.get(vertex.dimension or "")
        if activity_type(vertex.type).starts and dimension is not None:
            reads.add(dimension.entity)
        found[name] = tuple(sorted(reads & set(definitions.catalog.entities)))
    return found
