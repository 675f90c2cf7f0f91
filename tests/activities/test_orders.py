"""One grammar of orders for all activities: empty values last, the key at the end."""

import pytest
from sqlglot import exp

from campanile.errors import DefinitionError
from campanile.relations.types import Type

PEOPLE = [{"customer_id": 1, "score": 2}]
WRITTEN = {
    "deduplication": {"by": ["score"]},
    "split": {"subsets": {"some": {"limit": "1"}}},
    "enrichment": {"add": {"last": {"lines": "orders", "columns": {"price": "amount"}}}},
    "change_dimension": {"to": "store"},
    "reconciliation": {"dimension": "store", "match": {"score": "to_number(store_id)"}},
}
KEYS = {"enrichment": "order_id", "reconciliation": "store_id"}
SORTED_BY = {"enrichment": "note", "reconciliation": "city"}


def ordered(kind, order):
    """The options of an activity with the order at its place."""
    options = {"type": kind, **WRITTEN[kind]}
    if kind == "split":
        options["subsets"] = {"some": {"limit": "1", "order": order}}
    elif kind == "enrichment":
        options["add"] = {"last": {**options["add"]["last"], "order": order}}
    else:
        options["order"] = order
    return options


def orders_of(outcome):
    """Every ORDER BY of the queries of an activity."""
    queries = [each.query for each in (*outcome.outputs.values(), outcome.stage) if each]
    return [order for query in queries for order in query.find_all(exp.Order)]


def run(bench, kind, order):
    return bench.run(ordered(kind, order), PEOPLE, columns={"score": Type.INTEGER}).outcome


@pytest.mark.parametrize("direction", ["", " asc", " DESC", " desc "])
@pytest.mark.parametrize("kind", WRITTEN)
def test_a_ranking_puts_empty_values_last_and_ends_with_the_key(bench, kind, direction):
    sort_by = SORTED_BY.get(kind, "score")
    found = orders_of(run(bench, kind, [f"{sort_by}{direction}"]))
    assert found
    for order in found:
        assert all(term.args["nulls_first"] is False for term in order.expressions)
    ranking = [order for order in found if len(order.expressions) > 1]
    assert ranking
    for order in ranking:
        assert order.expressions[0].args["desc"] is ("desc" in direction.lower())
        assert order.expressions[-1].this.name == KEYS.get(kind, "customer_id")


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize("text", ["nothing desc", "customer_id up", "sum(", "1; drop table x"])
def test_what_is_no_order_is_refused(bench, kind, text):
    with pytest.raises(DefinitionError):
        run(bench, kind, [text])
