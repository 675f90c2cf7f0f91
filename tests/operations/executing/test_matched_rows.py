"""Reconciled, linked and aligned rows in a campaign: their counts, and mistakes at their place."""

import pytest

from campanile.errors import FaultsFound
from campanile.operations.authoring.versions import apply_campaign, get_version
from campanile.operations.rehearsing.previews import looking, preview

CAMPAIGN = """
name: matched
schedule: asap
activities:
  orders: {type: build_audience, dimension: order}
  buyers:
    type: reconciliation
    from: orders
    match: {customer_id: customer_id}
    unmatched: drop
  neighbours:
    type: reconciliation
    from: buyers
    dimension: store
    on: input.store_id = target.store_id and target.city = 'Nice'
  towns: {type: reconciliation, from: buyers, match: {store_id: store_id}}
  people: {type: build_audience}
  spent:
    type: enrichment
    from: people
    links:
      bought: {from: orders, match: {customer_id: customer_id}, cardinality: many}
      shop: {entity: store, match: {store_id: store_id}, cardinality: one}
    add: {n: count(bought), total: sum(bought.order.amount), town: shop.city}
  quiet:
    type: combine
    mode: exclusion
    from: [people, orders]
    align: {orders: customer}
"""
OWN = "{customer_id: customer_id}\n    unmatched"


@pytest.fixture
def town(town):
    """The town, whose stores are a targeting dimension too."""
    catalog = town.project.folder / "catalog" / "town.yaml"
    catalog.write_text(f"{catalog.read_text()}  store: {{}}\n")
    town.read_files_again()
    return town


@pytest.fixture
def matched(town):
    rows = ["1,1,5,2026-01-01 10:00", "2,1,7,2026-01-02 10:00", "3,2,1,2026-01-03 10:00",
            "4,99,1,2026-01-04 10:00"]  # fmt: skip
    town.load("order", "order_id,customer_id,amount,placed_at\n" + "\n".join(rows) + "\n")
    town.load("customer", "customer_id,email,email_ok,tier,store_id\n11,,true,base,zz\n")
    town.publish("matched", CAMPAIGN)
    town.run()
    return town


def test_what_is_found_is_counted_and_what_is_wrong_is_named(matched):
    found = {name.removeprefix("matched."): each for name, each in matched.outputs.items()}
    assert (found["buyers"].rows, found["buyers.unmatched"].rows) == (3, 1)
    assert found["buyers"].details["matched"] == 3
    assert found["buyers"].details["no match"] == 1
    assert found["neighbours"].rows == 3
    assert found["neighbours.unmatched"].rows == 1
    towns = found["towns"].details
    assert (found["towns.unmatched"].rows, towns["ambiguous"]) == (3, 3)
    assert "Say with `order`" in towns["fault"]["ambiguous"]
    spent = found["spent"].details
    assert (spent["shop: none"], spent["shop: several"]) == (1, 0)
    assert list(spent["fault"]) == ["shop: none"]
    assert found["quiet"].rows == 9
    assert found["quiet"].details["orders: without a partner"] == 1


def test_a_preview_shows_the_rows_and_the_faults(matched):
    (execution,) = matched.project.store.executions.of_campaign("matched")
    with looking(matched.project, "matched", execution.key) as look:
        shown = {one.transition: one for one in preview(matched.project, look, "towns")}
        (spent,) = preview(matched.project, look, "spent", 20)
    assert "ambiguous" in shown["towns"].faults
    assert {row["reason"] for row in shown["towns.unmatched"].sample} == {"ambiguous"}
    rows = {row["customer_id"]: (row["n"], row["total"], row["town"]) for row in spent.sample}
    assert rows[1] == (2, 12.0, "Nice")
    assert rows[11] == (0, 0.0, None)


def test_a_linked_transition_is_an_input_of_the_asset(matched):
    graph = get_version(matched.project, "matched", 1).graph
    assert graph["spent"].reads == ("people", "orders")
    assert graph["spent"].parents == ("people", "orders")
    assert graph.dimension_of("neighbours") == "store"
    assert graph.dimension_of("neighbours.unmatched") == "customer"
    assert "orders" not in graph.unused()


@pytest.mark.parametrize(
    ("right", "wrong", "place", "words"),
    [
        (OWN, OWN.replace("customer_id:", "cust_id:"), "9:13", "cust_id"),
        (OWN, OWN.replace(": customer_id", ": cust_id"), "9:26", "cust_id"),
        ("match: {customer_id: customer_id}\n    unm", "unm", "6:3", "`match` or `on`"),
        ("unmatched: drop", "unmatched: lose", "10:16", "keep"),
        ("unmatched: drop", "order: [seen desc]", "10:13", "seen"),
        ("dimension: store", "dimension: shop", "14:16", "shop"),
        ("on: input.store_id = target.store_id and", "on: target.store_id > 'a' and", "15:9",
         "every row with every row"),
        ("target.city", "city", "15:46", "input.city or target.city"),
        ("from: orders, match", "from: order, match", "22:22", "order"),
        ("cardinality: many", "cardinality: few", "22:78", "many"),
        ("entity: store", "entity: shop", "23:14", "shop"),
        ("sum(bought.order.amount)", "sum(bought.order.amont)", "24:36", "amont"),
        ("shop.city", "shop.town", "24:68", "town"),
        ("{orders: customer}", "{people: customer}", "29:21", "orders"),
        ("{orders: customer}", "{orders: store}", "29:13", "store"),
        ("    align: {orders: customer}\n", "", "28:20", "dimension order"),
    ],
)  # fmt: skip
def test_a_mistake_is_found_where_it_stands(town, right, wrong, place, words):
    assert CAMPAIGN.count(right) == 1
    town.write("matched", CAMPAIGN.replace(right, wrong))
    with pytest.raises(FaultsFound) as refused:
        apply_campaign(town.project, "matched", actor="test")
    fault = refused.value.faults[0]
    assert (str(fault.place), words in str(fault)) == (f"campaigns/matched.yaml:{place}", True), (
        fault
    )


def test_lineage_starts_at_every_entity_that_is_read(matched):
    reads = get_version(matched.project, "matched", 1).reads
    assert "customer" in reads["buyers"]
    assert "store" in reads["neighbours"]
    assert {"customer", "order", "store"} <= set(reads["spent"])
