import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from campanile.errors import DefinitionError
from campanile.relations.types import Type

QUICK = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
COLUMNS = {"score": Type.INTEGER}
PEOPLE = st.dictionaries(
    st.integers(1, 60), st.one_of(st.none(), st.integers(0, 4)), max_size=25
).map(lambda found: [{"customer_id": key, "score": value} for key, value in found.items()])
LIMITS = st.sampled_from([None, "0", "1", "4", "0%", "25%", "50%"])
SUBSETS = st.lists(
    st.tuples(
        LIMITS,
        st.sampled_from([None, "score > 1", "score is null", "score != 3"]),
        st.sampled_from([[], ["score desc"], ["score", "customer_id desc"]]),
    ),
    min_size=1,
    max_size=4,
)


def subset(limit, where, order):
    """The options of a subset; a percentage beside a rule is of those matched."""
    if limit and limit.endswith("%"):
        limit = f"{limit} of matched" if where else "20%"
    given = {"limit": limit, "where": where, "order": order}
    return {name: value for name, value in given.items() if value}


def split(bench, rows, subsets, complement="rest", salt="campaign/activity", **options):
    config = {"type": "split", "subsets": subsets, "complement": complement, **options}
    return bench.run(config, rows, columns=COLUMNS, salt=salt)


def many(count):
    return [{"customer_id": key, "score": key % 5} for key in range(1, count + 1)]


def test_subsets_choose_in_their_order_and_the_complement_takes_the_others(bench):
    rows = [{"customer_id": key, "score": key} for key in range(1, 8)]
    subsets = {
        "best": {"limit": "2", "order": ["score desc"]},
        "even": {"where": "score in (2, 4, 6)"},
        "half": {"where": "score > 1", "limit": "50% of matched", "order": ["score"]},
    }
    ran = split(bench, rows, subsets)
    assert {name: ran.keys(name) for name in ran.rows} == {
        "best": [6, 7],
        "even": [2, 4],
        "half": [3],
        "rest": [1, 5],
    }
    assert list(ran.schema["rest"]) == ["customer_id", "score"]


@given(PEOPLE, SUBSETS)
@QUICK
def test_a_split_partitions_its_input_and_repeats(bench, rows, drawn):
    subsets = {f"part{number}": subset(*options) for number, options in enumerate(drawn)}
    ran, again = split(bench, rows, subsets), split(bench, rows[::-1], subsets)
    assert ran.rows == again.rows
    everybody = [key for name in ran.rows for key in ran.keys(name)]
    assert sorted(everybody) == sorted(row["customer_id"] for row in rows)
    without = split(bench, rows, subsets, complement=None)
    assert without.rows == {name: found for name, found in ran.rows.items() if name != "rest"}


@given(PEOPLE, SUBSETS.filter(lambda drawn: all(order for _, _, order in drawn)))
@QUICK
def test_ranked_subsets_take_exactly_the_first_of_those_left(bench, rows, drawn):
    subsets = {f"part{number}": subset(*options) for number, options in enumerate(drawn)}
    ran = split(bench, rows, subsets)
    left = list(rows)
    for number, (_, where, order) in enumerate(drawn):
        options = subsets[f"part{number}"]
        matched = [row for row in left if matches(row, where)]
        matched.sort(key=lambda row: rank(row, order))
        wanted = size(options.get("limit"), rows, matched)
        taken = sorted(row["customer_id"] for row in matched[:wanted])
        assert ran.keys(f"part{number}") == taken
        left = [row for row in left if row["customer_id"] not in taken]


def matches(row, where):
    value = row["score"]
    answers = {"score > 1": value is not None and value > 1, "score is null": value is None}
    return {None: True, "score != 3": value != 3, **answers}[where]


def rank(row, order):
    value, key = row["score"], row["customer_id"]
    if order == ["score desc"]:
        return (value is None, -(value or 0), key)
    return (value is None, value or 0, -key)


def size(limit, rows, matched):
    if limit is None:
        return len(matched)
    if "%" not in limit:
        return int(limit)
    whole = matched if "matched" in limit else rows
    return (2 * len(whole) * int(limit.split("%")[0]) + 100) // 200


@given(PEOPLE, st.sampled_from([("30%", "70%"), ("33.3%", "33.3%", "33.4%"), ("100%",)]))
@QUICK
def test_shares_that_sum_to_100_leave_nobody_over(bench, rows, limits):
    subsets = {f"part{number}": {"limit": limit} for number, limit in enumerate(limits)}
    assert split(bench, rows, subsets).rows["rest"] == []
    ranked = {name: {**options, "order": ["score desc"]} for name, options in subsets.items()}
    assert split(bench, rows, ranked).rows["rest"] == []
    mixed = {"first": {"limit": "40%", "order": ["score"]}, "then": {"limit": "60%"}}
    assert split(bench, rows, mixed).rows["rest"] == []
    assert split(bench, rows, dict(reversed(mixed.items()))).rows["rest"] == []


@given(PEOPLE, st.integers(1, 60))
@QUICK
def test_a_share_is_the_same_person_whoever_else_is_there(bench, rows, gone):
    subsets = {"control": {"limit": "20%"}, "test": {"limit": "30%"}}
    ran = split(bench, rows, subsets)
    fewer = split(bench, [row for row in rows if row["customer_id"] != gone], subsets)
    for name in ran.rows:
        assert fewer.keys(name) == [key for key in ran.keys(name) if key != gone]


def test_another_salt_draws_other_people(bench):
    rows, subsets = many(200), {"control": {"limit": "50%"}}
    one, two = (split(bench, rows, subsets, salt=salt).keys("control") for salt in "ab")
    assert one != two
    assert 70 < len(one) < 130


def test_each_percentage_is_about_that_many_of_the_input_after_others_too(bench):
    rows = many(1000)
    subsets = {
        "tenth": {"limit": "10%"},
        "best": {"limit": "40%", "order": ["score desc"]},
        "third": {"limit": "30%"},
    }
    counts = {name: len(found) for name, found in split(bench, rows, subsets).rows.items()}
    assert counts["best"] == 400
    assert 70 < counts["tenth"] < 130
    assert 250 < counts["third"] < 350


def test_half_of_matched_is_half_of_those_left_whatever_chance_took_before(bench):
    subsets = {
        "any": {"limit": "50%"},
        "low": {"where": "score < 3", "limit": "50% of matched"},
        "some": {"limit": "100"},
    }
    ran = split(bench, many(1000), subsets)
    left = sum(row["score"] < 3 for name in ("low", "some", "rest") for row in ran.rows[name])
    assert 0.4 < len(ran.rows["low"]) / left < 0.6
    assert len(ran.rows["some"]) == 100


def test_rules_and_sort_keys_may_follow_links(bench):
    bench.entity("customer", [{"customer_id": key, "tier": "gold"} for key in (1, 2)])
    orders = [(1, 3, 10.0), (2, 3, 10.0), (3, 2, 15.0)]
    bench.entity(
        "order",
        [{"order_id": n, "customer_id": who, "amount": amount} for n, who, amount in orders],
    )
    subsets = {
        "gold": {"where": "tier = 'gold' and exists(orders)"},
        "top": {"limit": "1", "order": ["sum(orders.amount) desc"]},
    }
    ran = split(bench, many(4), subsets)
    assert (ran.keys("gold"), ran.keys("top"), ran.keys("rest")) == ([2], [3], [1, 4])


def test_the_control_group_and_codes_are_told_to_reports(bench):
    subsets = {"held": {"limit": "10%", "control": True}, "vip": {"code": "VIP"}}
    outcome = split(bench, [], subsets).outcome
    assert outcome.details == {"held": {"control": True}, "vip": {"code": "VIP"}}


def test_one_output_needs_no_stage_and_several_share_one(bench):
    assert split(bench, [], {"one": {"limit": "1"}}, complement=None).outcome.stage is None
    assert split(bench, [], {"one": {"limit": "1"}}).outcome.stage is not None


def test_the_draw_is_that_of_a_plain_md5(bench):
    """An oracle that shares no code: any engine, or Python, finds the same people."""

    def bucket(key):
        return hashlib.md5(f"campaign/activity\x1f{key}".encode()).hexdigest()[:8]

    ran = split(bench, many(300), {"a": {"limit": "12.5%"}, "b": {"limit": "50%"}})
    assert ran.keys("a") == [key for key in range(1, 301) if bucket(key) < "20000000"]
    assert ran.keys("b") == [key for key in range(1, 301) if "20000000" <= bucket(key) < "a0000000"]


@given(PEOPLE, SUBSETS)
@QUICK
def test_with_overlap_each_subset_takes_as_if_it_were_alone(bench, rows, drawn):
    subsets = {f"part{number}": subset(*options) for number, options in enumerate(drawn)}
    ran = split(bench, rows, subsets, overlap=True)
    alone = {
        name: split(bench, rows, {name: options}, overlap=True).keys(name)
        for name, options in subsets.items()
        if options.get("order") or "limit" not in options
    }
    assert {name: ran.keys(name) for name in alone} == alone
    taken = {key for name in subsets for key in ran.keys(name)}
    assert ran.keys("rest") == sorted({row["customer_id"] for row in rows} - taken)


@given(PEOPLE, SUBSETS)
@QUICK
def test_together_is_the_same_parts_in_one_table(bench, rows, drawn):
    subsets = {f"part{number}": subset(*options) for number, options in enumerate(drawn)}
    apart, one = split(bench, rows, subsets), split(bench, rows, subsets, together=True)
    assert one.rows[""] == sorted(
        ({**row, "segment": name} for name, found in apart.rows.items() for row in found),
        key=lambda row: row["customer_id"],
    )


def test_a_redraw_takes_the_same_rows_within_one_execution_and_others_than_without(bench):
    options = {"half": {"limit": "50%"}}
    fixed = split(bench, many(200), options).keys("half")
    drawn = split(bench, many(200), options, redraw=True).keys("half")
    assert drawn == split(bench, many(200), options, redraw=True).keys("half") != fixed


def test_each_value_gets_its_size(bench):
    each = {"by": "score", "values": {"1": "3", "2": "50%", "3": "0"}}
    ran = split(bench, many(100), {"part": {"each": each, "order": ["customer_id"]}})
    found = [row["score"] for row in ran.rows["part"]]
    assert {value: found.count(value) for value in range(5)} == {0: 0, 1: 3, 2: 10, 3: 20, 4: 0}
    assert [row["customer_id"] for row in ran.rows["part"] if row["score"] == 1] == [1, 6, 11]


def test_one_size_for_every_value_of_those_that_are_left(bench):
    subsets = {
        "first": {"where": "score = 0"},
        "two_each": {"where": "customer_id > 50", "each": {"by": "score", "limit": "2"}},
    }
    found = [row["score"] for row in split(bench, many(100), subsets).rows["two_each"]]
    assert sorted(found) == [1, 1, 2, 2, 3, 3, 4, 4]


def test_a_subset_without_rows_may_count_as_not_reached(bench):
    subsets = {
        "nobody": {"where": "score > 99", "when_empty": "stop"},
        "somebody": {"where": "score > 1", "when_empty": "stop"},
        "none": {"where": "score > 99"},
    }
    ran = split(bench, many(10), subsets)
    assert ran.reached == {"nobody": False, "somebody": True}


@pytest.mark.parametrize(
    "options",
    [
        {"subsets": {"a": {"limit": "3", "each": {"by": "tier", "limit": "2"}}}},
        {"subsets": {"a": {"each": {"by": "tier"}}}},
        {"subsets": {"a": {"each": {"by": "tier", "limit": "2", "values": {"x": "1"}}}}},
        {"subsets": {"a": {"each": {"by": "tier", "limit": "5% of matched"}}}},
        {"subsets": {"a": {}}, "overlap": True, "together": True},
        {"subsets": {"a": {"when_empty": "stop"}}, "together": True},
    ],
)
def test_options_that_contradict_each_other_are_refused(bench, options):
    with pytest.raises(ValidationError):
        bench.run({"type": "split", **options}, many(3), columns=COLUMNS)


def test_groups_by_a_number_with_decimals_are_refused(bench):
    bench.entity("order", [{"order_id": 1, "customer_id": 1, "amount": 1.5}])
    with pytest.raises(DefinitionError, match="cannot be made by a number"):
        split(bench, many(3), {"a": {"each": {"by": "sum(orders.amount)", "limit": "1"}}})


BY_SCORE = {"name": "by_score", "by": "score", "values": {"1": "2", "2": "50%", "3": "0"}}


@QUICK
@given(rows=PEOPLE)
def test_a_distribution_sizes_each_subset_without_a_size_as_its_quota_would(bench, rows):
    quota = {"by": "score", "values": BY_SCORE["values"]}
    best, own = {"order": ["customer_id desc"]}, {"limit": "1", "order": ["customer_id"]}
    named = split(bench, rows, {"first": own, "some": best}, distribution=BY_SCORE)
    written = split(bench, rows, {"first": own, "some": {**best, "each": quota}})
    assert named.rows == written.rows


def test_of_a_value_that_a_distribution_does_not_name_nobody_is_taken(bench):
    ran = split(bench, many(50), {"some": {}}, distribution=BY_SCORE)
    scores = [row["score"] for row in ran.rows["some"]]
    assert (scores.count(1), scores.count(3), scores.count(0), scores.count(4)) == (2, 10, 0, 0)
    assert sorted(ran.keys("some") + ran.keys("rest")) == list(range(1, 51))
