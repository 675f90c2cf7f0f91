import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.errors import DefinitionError
from campanile.relations.types import Type

QUICK = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
COLUMNS = {"score": Type.INTEGER}
ROWS = st.dictionaries(st.integers(1, 20), st.one_of(st.none(), st.integers(0, 5)), max_size=8).map(
    lambda found: [{"customer_id": key, "score": value} for key, value in found.items()]
)


def judge(bench, rows, conditions, **options):
    return bench.run({"type": "test", "conditions": conditions, **options}, rows, columns=COLUMNS)


def test_all_rows_go_down_the_first_branch_that_holds(bench):
    rows = [{"customer_id": key, "score": key} for key in (1, 2, 3)]
    conditions = {"many": "count() > 5", "few": "count() > 1", "also": "count() > 0"}
    ran = judge(bench, rows, conditions, default="none")
    assert ran.reached == {"many": False, "few": True, "also": False, "none": False}
    assert ran.rows == {"many": [], "few": rows, "also": [], "none": []}


def test_a_condition_may_ask_for_shares_aggregates_and_attributes(bench):
    bench.entity("customer", [{"customer_id": 1, "email": "a@x"}, {"customer_id": 2}])
    rows = [{"customer_id": 1, "score": 9}, {"customer_id": 2, "score": None}]
    conditions = {
        "poor": "share(is_empty(email)) > 0.5",
        "rich": "max(score) = 9 and count(exists(orders)) = 0",
    }
    assert judge(bench, rows, conditions).reached == {"poor": False, "rich": True}


@given(ROWS, st.integers(0, 8), st.integers(0, 5), st.booleans())
@QUICK
def test_exactly_one_branch_is_reached_or_none_without_default(bench, rows, least, top, default):
    conditions = {"big": f"count() >= {least} and count() > 0", "high": f"max(score) > {top}"}
    ran = judge(bench, rows, conditions, **({"default": "other"} if default else {}))
    scores = [row["score"] for row in rows if row["score"] is not None]
    expected = {
        "big": bool(rows) and len(rows) >= least,
        "high": max(scores, default=-1) > top,
    }
    expected["high"] &= not expected["big"]
    if default:
        expected["other"] = not any(expected.values())
    assert ran.reached == expected
    for branch, taken in expected.items():
        assert sorted(ran.keys(branch)) == sorted(r["customer_id"] for r in rows if taken)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("count()", "condition 'a': A condition is needed here, and this is of type integer"),
        ("score > 1", "condition 'a'.*a value for each row"),
        ("count() = 'x'", "condition 'a'"),
    ],
)
def test_what_is_no_condition_over_the_table_is_refused(bench, condition, message):
    with pytest.raises(DefinitionError, match=message):
        judge(bench, [], {"a": condition})
