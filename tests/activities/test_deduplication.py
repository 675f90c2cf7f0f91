from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.relations.types import Type

QUICK = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
COLUMNS = {"mail": Type.TEXT, "house": Type.INTEGER, "seen": Type.INTEGER}
ROWS = st.dictionaries(
    st.integers(1, 40),
    st.tuples(
        st.sampled_from([None, "", "a@x", "A@x", "b@x"]),
        st.sampled_from([None, 1, 2]),
        st.one_of(st.none(), st.integers(0, 3)),
    ),
    max_size=14,
).map(lambda f: [{"customer_id": k, **dict(zip(COLUMNS, v, strict=True))} for k, v in f.items()])
BY = st.sampled_from([["mail"], ["lower(mail)"], ["mail", "house"]])


def deduplicate(bench, rows, salt="campaign/activity", **options):
    config = {"type": "deduplication", "complement": "twice", **options}
    return bench.run(config, rows, columns=COLUMNS, salt=salt)


def group_of(row, by):
    """What makes the row a duplicate; None when it is nobody's."""
    values = {
        "mail": row["mail"],
        "lower(mail)": row["mail"] and row["mail"].lower(),
        "house": row["house"],
    }
    found = tuple(values[text] for text in by)
    return None if None in found or "" in found else found


def test_one_of_equal_rows_stays_the_latest_and_rows_without_a_value_all_stay(bench):
    bench.entity(
        "customer", [{"customer_id": 1, "email": "A@x"}, {"customer_id": 2, "email": "a@x"}]
    )
    rows = [{"customer_id": key, "seen": key} for key in (1, 2, 3, 4)]
    ran = deduplicate(bench, rows, by=["lower(email)"], order=["seen desc"])
    assert (ran.keys(), ran.keys("twice")) == ([2, 3, 4], [1])
    assert list(ran.schema[""]) == ["customer_id", *COLUMNS]


def test_the_documented_example_for_one_all_and_two(bench):
    """A and B are duplicates of Y, C is one of Z."""
    mails = {1: "y", 2: "y", 3: "y", 4: "z", 5: "z"}
    rows = [{"customer_id": key, "mail": mail} for key, mail in mails.items()]
    for keep, kept in ((1, {"y": 1, "z": 1}), (0, {"y": 3, "z": 2}), (2, {"y": 2, "z": 2})):
        ran = deduplicate(bench, rows, by=["mail"], keep=keep)
        assert Counter(row["mail"] for row in ran.rows[""]) == kept


def test_the_documented_example_with_an_order_names_who_stays(bench):
    """Y and Z come first: one of each keeps them, two add C and one of A and B."""
    people = {"A": ("y", 2), "B": ("y", 3), "Y": ("y", 1), "C": ("z", 2), "Z": ("z", 1)}
    names = dict(enumerate(people, 1))
    rows = [
        {"customer_id": key, "mail": people[name][0], "seen": people[name][1]}
        for key, name in names.items()
    ]
    for keep, kept in ((1, "YZ"), (0, "ABCYZ"), (2, "ACYZ")):
        ran = deduplicate(bench, rows, by=["mail"], keep=keep, order=["seen"])
        assert {names[key] for key in ran.keys("")} == set(kept)
        assert {names[key] for key in ran.keys("twice")} == set(people) - set(kept)


def test_filled_values_and_a_list_of_values_may_decide(bench):
    people = [(1, None, "silver"), (2, "x@x", "gold"), (3, "y@x", "bronze")]
    bench.entity("customer", [{"customer_id": k, "email": e, "tier": t} for k, e, t in people])
    rows = [{"customer_id": key, "house": 1} for key in (1, 2, 3)]
    filled = deduplicate(bench, rows, by=["house"], order=["is_empty(email)"])
    assert filled.keys() == [2]
    listed = ["rank_of(tier, 'silver', 'gold')"]
    assert deduplicate(bench, rows, by=["house"], order=listed).keys() == [1]


@given(ROWS, BY, st.integers(0, 3), st.sampled_from([[], ["seen desc"], ["seen"]]))
@QUICK
def test_each_row_is_in_one_output_and_each_group_keeps_its_share(bench, rows, by, keep, order):
    ran, again = (deduplicate(bench, r, by=by, keep=keep, order=order) for r in (rows, rows[::-1]))
    assert ran.rows == again.rows
    assert sorted(ran.keys() + ran.keys("twice")) == sorted(r["customer_id"] for r in rows)
    groups = Counter(group_of(row, by) for row in rows)
    kept = Counter(group_of(row, by) for row in ran.rows[""])
    for group, size in groups.items():
        assert kept[group] == (size if group is None or not keep else min(size, keep))


@given(ROWS, BY, st.integers(1, 2))
@QUICK
def test_those_who_stay_rank_before_those_who_go(bench, rows, by, keep):
    ran = deduplicate(bench, rows, by=by, keep=keep, order=["seen desc"])
    expected = []
    for group in {group_of(row, by) for row in rows}:
        members = [row for row in rows if group_of(row, by) == group]
        members.sort(key=lambda r: (r["seen"] is None, -(r["seen"] or 0), r["customer_id"]))
        expected += members if group is None else members[:keep]
    assert ran.keys() == sorted(row["customer_id"] for row in expected)


@given(ROWS, BY)
@QUICK
def test_a_second_deduplication_changes_nothing(bench, rows, by):
    once = deduplicate(bench, rows, by=by).rows[""]
    twice = deduplicate(bench, once, by=by, salt="elsewhere")
    assert (twice.rows[""], twice.rows["twice"]) == (once, [])
