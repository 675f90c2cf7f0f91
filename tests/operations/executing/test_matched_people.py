"""A message to rows of a reconciliation that keeps those without a match."""

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
