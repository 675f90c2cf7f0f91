import json
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.activities.enrichment import Enrichment
from campanile.errors import DefinitionError
from campanile.relations.types import Type

QUICK = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ORDERS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(1, 4)),
        st.one_of(st.none(), st.sampled_from([1.0, 2.5, 2.5, 40.0])),
        st.sampled_from([None, "", 'say "hi"\n', "it's"]),
    ),
    max_size=9,
).map(
    lambda found: [
        {"order_id": number, "customer_id": owner, "amount": amount, "note": note}
        for number, (owner, amount, note) in enumerate(found)
    ]
)
LAST = {
    "lines": "orders",
    "take": 2,
    "order": ["amount desc"],
    "columns": {"price": "amount", "text": "note"},
}
PEOPLE = [{"customer_id": key} for key in (1, 2, 3)]


def enrich(bench, rows, columns=None, dimension="customer", **options):
    return bench.run(
        {"type": "enrichment", **options}, rows, columns=columns or {}, dimension=dimension
    )


def test_attributes_links_and_aggregates_become_columns(bench):
    bench.entity("customer", [{"customer_id": 1, "email": "A@x", "store_id": "p"}])
    bench.entity("store", [{"store_id": "p", "city": "Paris"}])
    bench.entity("order", [{"order_id": n, "customer_id": 1, "amount": n} for n in (5, 6)])
    add = {"mail": "lower(email)", "city": "store.city", "spent": "sum(orders.amount)"}
    ran = enrich(bench, [{"customer_id": 1}, {"customer_id": 2}], add=add)
    assert ran.rows[""] == [
        {"customer_id": 1, "mail": "a@x", "city": "Paris", "spent": 11.0},
        {"customer_id": 2, "mail": None, "city": None, "spent": 0.0},
    ]


def test_a_column_may_read_those_written_before_it(bench):
    add = {"one": "customer_id + 1", "two": "one * 2", "three": "if(two > 3, 'many', 'few')"}
    ran = enrich(bench, [{"customer_id": 1}], add=add)
    assert ran.rows[""] == [{"customer_id": 1, "one": 2, "two": 4, "three": "many"}]


def test_only_rules_over_the_input_are_offered_for_a_check_against_its_columns():
    add = {"one": "customer_id + 1", "got": LAST, "two": "one * got_1_price", "three": "tier"}
    config = Enrichment.model_validate({"add": add})
    assert [site.path for site in config.rules()] == [("add", "one"), ("add", "three")]


def test_lines_are_a_list_for_templates_and_single_values_for_rules(bench):
    bench.entity(
        "order",
        [
            {"order_id": 1, "customer_id": 1, "amount": 10, "placed_at": "2026-01-01 09:00:00"},
            {"order_id": 2, "customer_id": 1, "amount": 20, "placed_at": "2026-01-03 09:00:00"},
            {"order_id": 3, "customer_id": 1, "amount": 30, "placed_at": "2026-01-02 09:00:00"},
            {"order_id": 4, "customer_id": 1, "amount": 99, "day": date(2026, 1, 9)},
        ],
    )
    last = {
        "lines": "orders",
        "take": 2,
        "where": "amount < 50",
        "order": ["placed_at desc"],
        "columns": {"day": "placed_at", "price": "amount"},
    }
    [row] = enrich(bench, [{"customer_id": 1}], add={"last": last}).rows[""]
    assert json.loads(row["last"]) == [
        {"day": "2026-01-03 09:00:00", "price": 20.0},
        {"day": "2026-01-02 09:00:00", "price": 30.0},
    ]
    assert (row["last_1_price"], str(row["last_2_day"])) == (20.0, "2026-01-02 09:00:00")
    ran = enrich(bench, [{"customer_id": 1}], add={"last": last, "best": "last_1_price * 2"})
    assert ran.rows[""][0]["best"] == 40.0
    assert ran.schema[""]["last"] is Type.LINES


def test_lines_are_reached_through_one_links(bench):
    bench.entity("customer", [{"customer_id": 1}])
    bench.entity("contract", [{"number": 7, "holder": 1}, {"number": 8, "holder": None}])
    bench.entity("order", [{"order_id": 1, "customer_id": 1, "amount": 10}])
    lines = {"lines": "customer.orders", "take": 1, "columns": {"price": "amount"}}
    ran = enrich(bench, [{"number": 7}, {"number": 8}], dimension="contract", add={"got": lines})
    assert [row["got_1_price"] for row in ran.rows[""]] == [10.0, None]
    assert [json.loads(row["got"]) for row in ran.rows[""]] == [[{"price": 10.0}], []]


@given(ORDERS)
@QUICK
def test_lines_are_the_first_of_each_row_and_no_row_is_lost_or_doubled(bench, orders):
    bench.entity("order", orders)
    ran, again = (enrich(bench, PEOPLE, add={"got": LAST}) for _ in range(2))
    assert ran.rows == again.rows
    for row, person in zip(ran.rows[""], PEOPLE, strict=True):
        own = [order for order in orders if order["customer_id"] == person["customer_id"]]
        own.sort(key=lambda o: (o["amount"] is None, -(o["amount"] or 0), o["order_id"]))
        expected = [{"price": order["amount"], "text": order["note"]} for order in own[:2]]
        assert json.loads(row["got"]) == expected
        singles = [row[f"got_{n}_{name}"] for n in (1, 2) for name in ("price", "text")]
        padded = [*expected, *[{"price": None, "text": None}] * 2][:2]
        assert singles == [value for line in padded for value in line.values()]


@given(ORDERS, st.sets(st.integers(1, 6)))
@QUICK
def test_an_enrichment_never_changes_who_is_there(bench, orders, keys):
    bench.entity("order", orders)
    add = {"n": "count(orders, amount > 2)", "top": "max(orders.amount)", "got": LAST}
    rows = [{"customer_id": key, "score": key} for key in keys]
    ran = enrich(bench, rows, {"score": Type.INTEGER}, add=add, drop=["score"])
    assert ran.keys() == sorted(keys)
    assert "score" not in ran.schema[""]
    for row in ran.rows[""]:
        own = [o["amount"] for o in orders if o["customer_id"] == row["customer_id"]]
        assert row["n"] == sum(1 for amount in own if amount and amount > 2)
        assert row["top"] == max((amount for amount in own if amount), default=None)


def test_dropped_lines_take_their_values_with_them(bench):
    ran = enrich(bench, PEOPLE, add={"got": LAST, "twice": "got_1_price * 2"}, drop=["got"])
    assert list(ran.schema[""]) == ["customer_id", "twice"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ["customer_id"]}, "part of the key"),
        ({"drop": ["nothing"]}, "no column 'nothing'"),
        ({"add": {"customer_id": "1"}}, "already a column 'customer_id'"),
        ({"add": {"x": {"lines": "shop", "columns": {"a": "amount"}}}}, "there is no link 'shop'"),
        ({"add": {"x": {"lines": "store", "columns": {"a": "city"}}}}, "'store' leads to one row"),
        (
            {"add": {"x": {"lines": "orders.customer", "columns": {"a": "age"}}}},
            "many rows already",
        ),
        ({"add": {"x": {"lines": "orders", "columns": {"a": "nope"}}}}, "no attribute 'nope'"),
    ],
)
def test_what_cannot_be_added_or_dropped_is_refused_before_anything_runs(bench, options, message):
    with pytest.raises(DefinitionError, match=message):
        enrich(bench, PEOPLE, **options)
