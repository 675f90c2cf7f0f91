"""Change of dimension: nobody is lost uncounted, and each new row stands once."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.errors import DefinitionError
from campanile.relations.types import Type

QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ORDERS = st.dictionaries(
    st.integers(1, 9),
    st.tuples(st.sampled_from([None, 1, 2, 3, 7]), st.sampled_from([None, 5.0, 10.0, 20.0])),
    max_size=9,
)
PEOPLE = st.sets(st.sampled_from([1, 2, 3]))


def bind(bench, orders, people):
    bench.entity(
        "order",
        [
            {"order_id": n, "customer_id": customer, "amount": amount}
            for n, (customer, amount) in orders.items()
        ],
    )
    bench.entity("customer", [{"customer_id": n} for n in people])


def to_customers(bench, orders, people, **options):
    bind(bench, orders, people)
    rows = [{"order_id": number} for number in orders]
    return bench.run(
        {"type": "change_dimension", "to": "customer", **options}, rows, dimension="order"
    )


def test_orders_become_their_buyers_with_what_was_computed_from_the_kept_order(bench):
    orders = {1: (1, 5.0), 2: (1, 20.0), 3: (2, 10.0), 4: (None, 10.0), 5: (7, 1.0)}
    ran = to_customers(
        bench, orders, {1, 2}, order=["amount desc"], add={"largest": "amount"}, complement="rest"
    )
    assert ran.rows[""] == [
        {"customer_id": 1, "largest": 20.0},
        {"customer_id": 2, "largest": 10.0},
    ]
    assert (ran.keys("unmatched"), ran.keys("rest")) == ([4, 5], [1])


@given(ORDERS, PEOPLE, st.sampled_from([1, 2, "all"]))
@QUICK
def test_every_former_row_is_kept_unmatched_or_gave_way(bench, orders, people, keep):
    ran = to_customers(bench, orders, people, keep=keep, complement="rest", add={"of": "order_id"})
    kept = [row["of"] for row in ran.rows[""]]
    assert sorted([*kept, *ran.keys("unmatched"), *ran.keys("rest")]) == sorted(orders)
    linked = {n for n, (customer, _) in orders.items() if customer in people}
    assert set(ran.keys("unmatched")) == set(orders) - linked
    for person in {orders[n][0] for n in linked}:
        theirs = [n for n in linked if orders[n][0] == person]
        wanted = len(theirs) if keep == "all" else min(keep, len(theirs))
        assert sum(row["customer_id"] == person for row in ran.rows[""]) == wanted


@given(ORDERS, PEOPLE)
@QUICK
def test_people_become_all_their_orders_each_once(bench, orders, people):
    bind(bench, orders, people)
    ran = bench.run(
        {"type": "change_dimension", "to": "order"}, [{"customer_id": n} for n in people]
    )
    assert ran.keys() == sorted(n for n, (customer, _) in orders.items() if customer in people)
    owners = {customer for customer, _ in orders.values()}
    assert ran.keys("unmatched") == sorted(people - owners)


@given(ORDERS, st.dictionaries(st.sampled_from([1, 2, 3]), st.sampled_from([None, "p", "q", "z"])))
@QUICK
def test_a_way_of_two_links_finds_each_new_row_once(bench, orders, stores):
    bench.entity("store", [{"store_id": "p"}, {"store_id": "q"}])
    bind(bench, orders, ())
    bench.entity("customer", [{"customer_id": n, "store_id": s} for n, s in stores.items()])
    ran = bench.run(
        {"type": "change_dimension", "to": "order", "via": "customers.orders"},
        [{"store_id": "p"}, {"store_id": "q"}],
        dimension="store",
    )
    found = {n for n, (customer, _) in orders.items() if stores.get(customer) in ("p", "q")}
    assert ran.keys() == sorted(found)
    reached = {stores[orders[n][0]] for n in found}
    assert ran.keys("unmatched") == sorted({"p", "q"} - reached)


def test_more_than_one_former_row_brings_its_key_along(bench):
    ran = to_customers(bench, {1: (1, 5.0), 2: (1, 20.0)}, {1}, keep="all")
    assert ran.rows[""] == [
        {"customer_id": 1, "order_id": 1},
        {"customer_id": 1, "order_id": 2},
    ]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"to": "customer"}, "already"),
        ({"to": "order", "via": "nothing"}, "no link 'nothing'"),
        ({"to": "order", "via": "store"}, "leads to 'store'"),
        ({"to": "visit"}, "No way"),
        ({"to": "order", "add": {"order_id": "rank"}}, "one name"),
    ],
)
def test_a_way_that_does_not_exist_is_refused(bench, options, word):
    with pytest.raises(DefinitionError, match=word):
        bench.run({"type": "change_dimension", **options}, [], columns={"rank": Type.INTEGER})
