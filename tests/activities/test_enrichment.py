import json
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.activities.context import Input
from campanile.activities.enrichment import Enrichment
from campanile.errors import DefinitionError
from campanile.relations.relation import Relation
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
    checked = [site.path for site in config.rules() if not site.reads_added]
    assert checked == [("add", "one"), ("add", "three")]


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


FIRM_MAILS = st.sampled_from([None, "", "a@x", "b@x", "c@x"])
FIRMS = st.lists(st.tuples(FIRM_MAILS, st.one_of(st.none(), st.integers(0, 9))), max_size=7)


@given(FIRMS, st.lists(st.sampled_from([None, "", "a@x", "b@x"]), max_size=5))
@QUICK
def test_a_link_of_its_own_finds_what_matches_and_counts_what_it_should_not(bench, firms, mails):
    bench.entity(
        "customer", [{"customer_id": n, "email": m, "age": a} for n, (m, a) in enumerate(firms)]
    )
    rows = [{"row_number__": n, "mail": mail} for n, mail in enumerate(mails)]
    way = {"entity": "customer", "match": {"mail": "email"}}
    links = {"only": way | {"cardinality": "one"}, "each": way | {"cardinality": "many"}}
    add = {"age": "only.age", "most": "max(each.age)", "n": "count(each, age > 4)"}
    ran = enrich(bench, rows, {"mail": Type.TEXT}, None, links=links, add=add)
    partners = {m: [a for mail, a in firms if mail == m] if m else [] for m in mails}
    assert [(r["age"], r["most"], r["n"]) for r in ran.rows[""]] == [
        (
            partners[m][0] if len(partners[m]) == 1 else None,
            max((a for a in partners[m] if a is not None), default=None),
            sum(a is not None and a > 4 for a in partners[m]),
        )
        for m in mails
    ]
    assert list(ran.schema[""]) == ["row_number__", "mail", "age", "most", "n"]
    assert ran.counts[""] == {
        "only: none": sum(not partners[m] for m in mails),
        "only: several": sum(len(partners[m]) > 1 for m in mails),
    }
    assert set(ran.outcome.faults) == {"only: none", "only: several"}


def linked_visits(bench):
    schema = {"row_number__": Type.INTEGER, "mail": Type.TEXT, "day": Type.INTEGER}
    visits = [(1, "A@x", 3), (2, "a@x", 5), (3, "b@x", 4), (4, None, 9)]
    rows = [dict(zip(schema, visit, strict=True)) for visit in visits]
    bench.bind("work__visits", schema, rows)
    relation = Relation.table("work__visits", schema, ("row_number__",))
    return {"visits": Input("visits", relation, None)}


def test_a_link_may_lead_to_the_rows_of_another_transition(bench):
    bench.entity("customer", [{"customer_id": n, "email": m} for n, m in enumerate("aBc")])
    bench.entity("customer", [{"customer_id": 1, "email": "a@x"}, {"customer_id": 2}])
    visit = {"from": "visits", "match": {"email": "lower(mail)"}, "cardinality": "many"}
    lines = {"lines": "visit", "take": 2, "order": ["day desc"], "columns": {"day": "day"}}
    ran = bench.run(
        {
            "type": "enrichment",
            "links": {"visit": visit},
            "add": {"last": "max(visit.day)", "days": lines, "came": "exists(visit, day > 4)"},
        },
        [{"customer_id": 1}, {"customer_id": 2}],
        linked=linked_visits(bench),
    )
    assert [(r["last"], r["came"], r["days_1_day"], r["days_2_day"]) for r in ran.rows[""]] == [
        (5, True, 5, 3),
        (None, False, None, None),
    ]


def test_links_name_the_transitions_they_read():
    link = {"from": "leads", "match": {"a": "b"}}
    config = Enrichment.model_validate({"type": "enrichment", "from": "x", "links": {"l": link}})
    assert config.links_from() == {("links", "l", "from"): "leads"}


@pytest.mark.parametrize(
    ("link", "add", "path", "code"),
    [
        ({"entity": "custmer"}, {}, ("links", "way", "entity"), "unknown_entity"),
        ({"match": {"mial": "email"}}, {}, ("links", "way", "match", "mial"), "unknown_column"),
        ({"match": {"mail": "age"}}, {}, ("links", "way", "match"), "type"),
        ({}, {"x": "way.agee"}, ("add", "x"), "unknown_column"),
        ({}, {"x": "count(way)"}, ("add", "x"), None),
        ({"cardinality": "many"}, {"x": "way.age"}, ("add", "x"), "many_link"),
        ({}, {"x": "wya.age"}, ("add", "x"), "unknown_link"),
    ],
)
def test_a_refusal_says_which_option_it_is_about(bench, link, add, path, code):
    links = {"way": {"entity": "customer", "match": {"mail": "email"}} | link}
    options = {"links": links, "add": add}
    if code is None:
        assert enrich(bench, [], {"mail": Type.TEXT}, None, **options).rows[""] == []
        return
    with pytest.raises(DefinitionError) as caught:
        enrich(bench, [], {"mail": Type.TEXT}, None, **options)
    assert (caught.value.path, caught.value.code) == (path, code)
