"""A message to rows of a reconciliation that keeps those without a match."""

import duckdb

CAMPAIGN = """
name: matched
schedule: asap
activities:
  orders: {type: build_audience, dimension: order}
  buyers: {type: reconciliation, from: orders, match: {customer_id: customer_id}}
  offer: {type: email, from: buyers, template: hello, topic: offers, confirm: false}
"""


def test_nobody_is_written_to_for_a_row_that_matched_nobody_and_it_is_counted(town):
    rows = ["1,1,5,2026-01-01 10:00", "2,2,1,2026-01-03 10:00", "3,99,1,2026-01-04 10:00"]
    town.load("order", "order_id,customer_id,amount,placed_at\n" + "\n".join(rows) + "\n")
    town.publish("matched", CAMPAIGN)
    town.run()

    assert town.rows("matched.buyers") == 3
    assert sorted(row.person for row in town.messages("matched", "offer")) == ["1", "2"]
    plan = town.outputs["matched.offer.plan"]
    assert (plan.rows, plan.details["without a key"]) == (2, 1)
    assert "unmatched: drop" in plan.details["fault"]["without a key"]
    assert town.rows("matched.offer") == 2


SEVERAL = """
name: several
schedule: asap
activities:
  orders: {type: build_audience, dimension: order}
  priced: {type: enrichment, from: orders, add: {paid: amount}}
  buyers: {type: reconciliation, from: priced, match: {customer_id: customer_id}, unmatched: drop}
  offer: {type: email, from: buyers, template: hello, topic: offers, confirm: false}
"""


def test_each_of_several_rows_of_one_person_leaves_by_one_output(town):
    rows = [f"{n},{1 + n % 2},{n},2026-01-01 10:00" for n in range(1, 8)]
    town.load("order", "order_id,customer_id,amount,placed_at\n" + "\n".join(rows) + "\n")
    town.publish("several", SEVERAL)
    town.run()

    assert town.rows("several.offer.plan") == 7
    assert (town.rows("several.offer"), town.rows("several.offer.excluded")) == (2, 5)
    assert sorted(paid(town, "offer") + paid(town, "offer.excluded")) == [1, 2, 3, 4, 5, 6, 7]
    assert paid(town, "offer") == [1, 2]  # the first of each person, by the columns of the rows


def paid(town, transition):
    """The values of the column `paid` in a committed transition."""
    (execution,) = town.project.store.executions.of_campaign("several")
    row = town.project.store.manifests.committed(execution.id)[transition]
    found = duckdb.sql(f"SELECT paid FROM read_parquet('{row.path}') ORDER BY paid").fetchall()
    return [value for (value,) in found]
