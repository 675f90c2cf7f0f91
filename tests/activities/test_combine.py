import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from campanile.activities.combine import Combine
from campanile.errors import DefinitionError
from campanile.relations.types import Type

QUICK = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
COLUMNS = {"email": Type.TEXT, "score": Type.INTEGER}
EMAILS = st.sampled_from([None, "", "a@x", "b@x", "c@x"])
SETS = st.lists(
    st.dictionaries(
        st.integers(1, 9), st.tuples(EMAILS, st.sampled_from([None, 1, 2])), max_size=7
    ).map(
        lambda found: [
            {"customer_id": key, "email": email, "score": score}
            for key, (email, score) in found.items()
        ]
    ),
    min_size=2,
    max_size=3,
)


def combine(bench, sets, mode="union", **options):
    return bench.run({"type": "combine", "mode": mode, **options}, *sets, columns=COLUMNS)


def keys_of(rows):
    return {row["customer_id"] for row in rows}


def equals(row, others, by):
    """Whether any of `others` has the values of `row`, none of them empty."""
    values = [row[name] for name in by]
    filled = all(value not in (None, "") for value in values)
    return filled and any([other[name] for name in by] == values for other in others)


def test_each_mode_on_two_sets_that_overlap(bench):
    buyers = [{"customer_id": 1, "score": 10}, {"customer_id": 2, "score": 20}]
    guests = [{"customer_id": 2, "score": 99}, {"customer_id": 3, "score": 30}]
    sets = (buyers, guests)
    union = combine(bench, sets)
    assert [(r["customer_id"], r["score"]) for r in union.rows[""]] == [(1, 10), (2, 20), (3, 30)]
    both = combine(bench, sets, "intersection", complement="rest")
    assert (both.keys(), both.keys("rest")) == ([2], [1, 3])
    only = combine(bench, sets, "exclusion", complement="rest")
    assert (only.keys(), only.keys("rest")) == ([1], [2])


def test_a_union_has_the_columns_of_the_first_set_empty_where_another_lacks_them(bench):
    ran = bench.run(
        {"type": "combine", "mode": "union"},
        [{"customer_id": 1, "score": 1}],
        [{"customer_id": 2, "email": "a@x"}],
        columns=[{"score": Type.INTEGER}, {"email": Type.TEXT}],
    )
    assert ran.rows[""] == [{"customer_id": 1, "score": 1}, {"customer_id": 2, "score": None}]


@given(SETS)
@QUICK
def test_a_union_is_everybody_once_whatever_the_order_of_the_sets(bench, sets):
    ran, turned = combine(bench, sets), combine(bench, sets[::-1])
    assert ran.keys() == turned.keys() == sorted(set.union(*map(keys_of, sets)))
    first = {row["customer_id"]: row for rows in reversed(sets) for row in rows}
    assert ran.rows[""] == [first[row["customer_id"]] for row in ran.rows[""]]


@given(SETS)
@QUICK
def test_an_intersection_and_its_complement_are_the_union(bench, sets):
    ran = combine(bench, sets, "intersection", complement="rest")
    alone = combine(bench, sets, "intersection")
    everybody = set.union(*map(keys_of, sets))
    shared = set.intersection(*map(keys_of, sets))
    assert ran.keys() == alone.keys() == sorted(shared)
    assert ran.keys("rest") == sorted(everybody - shared)
    own = {row["customer_id"]: row for row in sets[0]}
    assert ran.rows[""] == [own[key] for key in sorted(shared)]


@given(SETS)
@QUICK
def test_an_exclusion_and_its_complement_are_the_first_set(bench, sets):
    ran = combine(bench, sets, "exclusion", complement="rest")
    alone = combine(bench, sets, "exclusion")
    others = set().union(*map(keys_of, sets[1:]))
    assert ran.keys() == alone.keys() == sorted(keys_of(sets[0]) - others)
    assert ran.keys("rest") == sorted(keys_of(sets[0]) & others)


@given(SETS, st.sampled_from([["email"], ["score"], ["email", "score"]]))
@QUICK
def test_by_columns_equal_values_meet_and_empty_ones_never(bench, sets, by):
    first, others = sets[0], sets[1:]
    met = combine(bench, sets, "intersection", by=by)
    assert met.rows[""] == sorted(
        (r for r in first if all(equals(r, rows, by) for rows in sets)),
        key=lambda r: r["customer_id"],
    )
    left = combine(bench, sets, "exclusion", by=by)
    assert left.keys() == sorted(
        r["customer_id"] for r in first if not any(equals(r, rows, by) for rows in others)
    )


@given(SETS, st.sampled_from([["email"], ["email", "score"]]))
@QUICK
def test_a_union_by_columns_adds_only_keys_and_values_that_no_earlier_set_has(bench, sets, by):
    expected = list(sets[0])
    for number, rows in enumerate(sets):
        earlier = [row for former in sets[:number] for row in former]
        expected += [
            row
            for row in (rows if number else [])
            if row["customer_id"] not in keys_of(earlier) and not equals(row, earlier, by)
        ]
    assert combine(bench, sets, by=by).keys() == sorted(keys_of(expected))


@given(SETS)
@QUICK
def test_by_common_columns_includes_the_key(bench, sets):
    met = combine(bench, sets, "intersection", by="common")
    by = ["customer_id", "email", "score"]
    assert met.keys() == sorted(
        r["customer_id"] for r in sets[0] if all(equals(r, rows, by) for rows in sets)
    )


@given(SETS, st.integers(0, 8))
@QUICK
def test_a_limit_fills_up_set_by_set_and_repeats(bench, sets, limit):
    ran, again = (combine(bench, sets, limit=limit) for _ in range(2))
    everybody = set.union(*map(keys_of, sets))
    assert ran.keys() == again.keys()
    assert len(ran.keys()) == min(limit, len(everybody))
    first = keys_of(sets[0])
    assert len(first & set(ran.keys())) == min(limit, len(first))


@given(SETS, st.sampled_from(["0%", "25%", "50%", "100%"]))
@QUICK
def test_a_limit_in_percent_is_of_the_result_and_the_complement_takes_the_others(
    bench, sets, limit
):
    ran = combine(bench, sets, "exclusion", limit=limit, complement="rest")
    whole = combine(bench, sets, "exclusion")
    share = int(limit.strip("%"))
    assert len(ran.keys()) == (2 * len(whole.keys()) * share + 100) // 200
    assert sorted(ran.keys() + ran.keys("rest")) == sorted(keys_of(sets[0]))


def test_an_unknown_column_in_by_is_named_with_those_shared(bench):
    with pytest.raises(DefinitionError, match=r"'mail'.*customer_id, email, score"):
        combine(bench, ([], []), by=["mail"])


ORDERS = [
    {"order_id": 1, "customer_id": 1, "note": "a"},
    {"order_id": 2, "customer_id": 1, "note": "b"},
    {"order_id": 3, "customer_id": 3, "note": "c"},
    {"order_id": 4, "customer_id": 99, "note": "d"},
    {"order_id": 5, "customer_id": None, "note": "e"},
]


def aligned(bench, first, second, way, dimensions=("customer", "order"), columns=None, **options):
    """Combine a set of one dimension with one of another, brought over by `way`."""
    options = {"mode": "union", **options}
    return bench.run(
        {"type": "combine", "align": {"input1": way}, **options},
        first,
        second,
        columns=columns or [{}, {}],
        dimension=dimensions,
    )


@given(st.sets(st.integers(1, 4)), st.sets(st.integers(1, 5)), st.booleans())
@QUICK
def test_a_set_of_another_dimension_is_brought_to_the_first_and_nobody_is_lost_uncounted(
    bench, people, orders, by_link
):
    bench.entity("customer", [{"customer_id": key} for key in (1, 2, 3, 4)])
    bench.entity("order", ORDERS)
    first = [{"customer_id": key} for key in people]
    second = [{"order_id": key} for key in orders]
    way = "customer" if by_link else {"customer_id": "customer_id"}
    owner = {order["order_id"]: order["customer_id"] for order in ORDERS}
    brought = {owner[key] for key in orders} & {1, 2, 3, 4}
    lost = sum(owner[key] not in (1, 2, 3, 4) for key in orders)
    expected = {
        "union": people | brought,
        "intersection": people & brought,
        "exclusion": people - brought,
    }
    for mode, keys in expected.items():
        ran = aligned(bench, first, second, way, mode=mode)
        assert ran.keys() == sorted(keys), mode
        assert ran.counts[""] == {"input1: without a partner": lost}


def test_one_row_may_bring_several_and_its_columns_where_the_first_has_them(bench):
    bench.entity("customer", [{"customer_id": 1}])
    bench.entity("order", ORDERS)
    ran = aligned(
        bench,
        [{"order_id": 3, "score": 7}],
        [{"customer_id": 1, "score": 5, "more": 1}],
        "orders",
        ("order", "customer"),
        [{"score": Type.INTEGER}, {"score": Type.INTEGER, "more": Type.INTEGER}],
    )
    assert ran.rows[""] == [
        {"order_id": 1, "score": 5},
        {"order_id": 2, "score": 5},
        {"order_id": 3, "score": 7},
    ]


def test_rows_of_a_file_are_brought_by_a_match(bench):
    bench.entity("customer", [{"customer_id": n, "email": f"{n}@x"} for n in (1, 2)])
    rows = [{"row_number__": n, "mail": mail} for n, mail in enumerate(["1@X", "1@x", "", None])]
    ran = aligned(
        bench,
        [{"customer_id": 1}, {"customer_id": 2}],
        rows,
        {"lower(mail)": "email"},
        ("customer", None),
        [{}, {"mail": Type.TEXT}],
        mode="exclusion",
        complement="there",
    )
    assert (ran.keys(), ran.keys("there")) == ([2], [1])
    assert ran.counts[""] == {"input1: without a partner": 2}


@pytest.mark.parametrize(
    ("way", "path", "code"),
    [
        ("custmer", ("align", "input1"), "unknown_link"),
        ("customer.store", ("align", "input1"), "unknown_link"),
        ("customer.contracts.customer", ("align", "input1"), "many_link"),
        ({"customer_id": "emial"}, ("align", "input1", "customer_id"), "unknown_column"),
        ({"note": "customer_id"}, ("align", "input1"), "type"),
    ],
)
def test_a_way_that_leads_nowhere_is_refused_where_it_stands(bench, way, path, code):
    with pytest.raises(DefinitionError) as caught:
        aligned(bench, [], [], way)
    assert (caught.value.path, caught.value.code) == (path, code)


@pytest.mark.parametrize("name", ["a", "c"])
def test_only_the_other_sets_are_aligned(name):
    with pytest.raises(ValidationError, match="brings sets to the first one: b"):
        Combine.model_validate(
            {"type": "combine", "mode": "union", "from": ["a", "b"], "align": {name: "x"}}
        )
