"""Rules over rows that stand for nothing yet, such as those of a file, are checked all the same."""

from dataclasses import replace

import pytest

from campanile.activities.context import ROW_NUMBER
from campanile.campaigns.definition import Campaign
from campanile.campaigns.empty_run import EmptyRun
from campanile.campaigns.graph import Graph, build_graph
from campanile.campaigns.graph_check import check_dimensions
from campanile.campaigns.rules_check import RuleChecker
from campanile.catalog.yaml_document import plain
from campanile.catalog.yaml_source import read_yaml
from campanile.relations.relation import Relation
from campanile.relations.types import Type

LEADS = {ROW_NUMBER: Type.INTEGER, "mail": Type.TEXT, "age": Type.INTEGER}


def _checker(definitions, activity: str) -> RuleChecker:
    """The activity `next`, whose rows come from `leads` and have no dimension."""
    text = f"name: fair\nactivities:\n  leads: {{type: build_audience}}\n  next: {activity}\n"
    document = read_yaml(text.encode(), "campaigns/fair.yaml")
    campaign = Campaign.model_validate(plain(document.root))
    built = build_graph(campaign.activities).vertices
    graph = Graph({name: replace(vertex, dimension=None) for name, vertex in built.items()})
    checker = RuleChecker(EmptyRun(campaign, graph, definitions), document)
    checker.run.relations["leads"] = Relation.table("work__leads", LEADS, (ROW_NUMBER,))
    return checker


@pytest.mark.parametrize(
    ("activity", "output", "columns"),
    [
        ("{type: filter, from: leads, where: age > 18}", "next", LEADS),
        ("{type: deduplication, from: leads, by: [lower(mail)]}", "next", LEADS),
        ("{type: enrichment, from: leads, add: {n: age + 1}}", "next", LEADS | {"n": Type.INTEGER}),
        ("{type: split, from: leads, subsets: {a: {limit: 10%}}}", "next.a", LEADS),
    ],
)
def test_their_columns_can_be_used_and_go_on(project, activity, output, columns):
    checker = _checker(project, activity)
    checker.check("next")
    assert not checker.faults
    found = checker.run.relations[output]
    assert found.schema == columns
    assert found.key == (ROW_NUMBER,)


@pytest.mark.parametrize("rule", ["tier = 'gold'", "exists(orders)", "age = 'x'"])
def test_what_only_a_dimension_has_is_refused_at_its_place(project, rule):
    activity = f"{{type: filter, from: leads, where: {rule}}}"
    checker = _checker(project, activity)
    checker.check("next")
    (fault,) = checker.faults
    assert fault.place.line == 4
    assert fault.place.column >= len("  next: ") + activity.index(rule)


@pytest.mark.parametrize(
    "activity",
    [
        "{type: save_audience, from: leads, audience: vip}",
        "{type: change_dimension, from: leads, to: contract}",
        "{type: email, from: leads, template: offer}",
    ],
)
def test_what_needs_people_refuses_rows_that_are_none(project, activity):
    (fault,) = check_dimensions(_checker(project, activity).run.graph)
    assert fault.path == ("activities", "next", "from")
    assert "reconciliation" in fault.remedy
