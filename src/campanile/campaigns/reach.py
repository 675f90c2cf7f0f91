"""What a campaign's activities work on: the columns of its transitions, the entities it reads."""

from campanile.activities import activity_type
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.empty_run import EmptyRun
from campanile.campaigns.graph import Graph
from campanile.campaigns.rules_check import RuleChecker
from campanile.catalog.yaml_source import read_yaml
from campanile.relations.relation import Relation


def working_tables(
    campaign: Campaign, graph: Graph, definitions: Definitions
) -> dict[str, Relation]:
    """The columns of every transition of a campaign whose rules are right, as relations."""
    return EmptyRun(campaign, graph, definitions).whole().relations


def entities_read(
    campaign: Campaign, graph: Graph, definitions: Definitions
) -> dict[str, tuple[str, ...]]:
    """The entities that each activity reads: where it starts, and where its rules reach."""
    run = EmptyRun(campaign, graph, definitions)
    checker = RuleChecker(run, read_yaml("{}", campaign.name))
    found = {}
    for name in graph.order:
        checker.check(name)
    for name, vertex in graph.vertices.items():
        reads = checker.reached.get(name, set()) | run.reads.get(name, set())
        dimension = run.dimension(vertex.dimension)
        if activity_type(vertex.type).starts and dimension is not None:
            reads.add(dimension.entity)
        found[name] = tuple(sorted(reads & set(definitions.catalog.entities)))
    return found
