"""A change of dimension inside a campaign: who is written to, and what is looked at afterwards."""

from campanile.operations.rehearsing.previews import looking, preview

BIG = """
name: big
schedule: asap
activities:
  orders: {type: build_audience, dimension: order, where: amount >= 50}
  buyers:
    type: change_dimension
    from: orders
    to: customer
    order: [amount desc]
    add: {largest: amount}
    complement: smaller
  good: {type: filter, from: buyers, where: largest >= 60 and tier = 'gold'}
  offer: {type: email, from: good, template: hello, topic: offers, confirm: false}
"""
ORDERS = """order_id,customer_id,amount,placed_at
1,1,50,2026-01-01 00:00:00
2,1,80,2026-01-02 00:00:00
3,2,70,2026-01-03 00:00:00
4,3,55,2026-01-04 00:00:00
5,99,90,2026-01-05 00:00:00
6,1,10,2026-01-06 00:00:00
"""


def test_the_buyers_of_big_orders_are_written_to_once(town):
    town.load("order", ORDERS)
    town.publish("big", BIG)

    town.run()

    rows = {name: output.rows for name, output in town.outputs.items()}
    assert rows["big.buyers"] == 3
    assert rows["big.buyers.smaller"] == 1
    assert rows["big.buyers.unmatched"] == 1
    assert rows["big.offer"] == rows["big.good"] == len(town.sink.accepted()) == 2


def test_a_preview_shows_the_rows_of_the_new_dimension(town):
    town.load("order", ORDERS)
    town.publish("big", BIG)
    town.run()

    with looking(town.project, "big", None) as look:
        (buyers, *_rest) = preview(town.project, look, "buyers")

    assert buyers.count == 3
    assert {row["tier"] for row in buyers.sample} == {"gold"}
