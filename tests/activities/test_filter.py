from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.relations.types import Type

SCORES = st.dictionaries(
    st.integers(1, 30), st.one_of(st.none(), st.integers(-3, 3)), max_size=12
).map(lambda found: [{"customer_id": k, "score": v} for k, v in found.items()])
COLUMNS = {"score": Type.INTEGER}
QUICK = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_a_filter_keeps_those_who_match_and_hands_on_the_others(bench):
    rows = [{"customer_id": 1, "score": 9}, {"customer_id": 2, "score": None}]
    ran = bench.run(
        {"type": "filter", "where": "score > 5", "complement": "rest"}, rows, columns=COLUMNS
    )
    assert ran.rows == {"": [rows[0]], "rest": [rows[1]]}


def test_a_filter_reads_attributes_and_linked_rows_of_the_dimension(bench):
    bench.entity("customer", [{"customer_id": k, "tier": t} for k, t in ((1, "gold"), (2, None))])
    bench.entity("order", [{"order_id": 7, "customer_id": 1, "amount": 20.0}])
    rows = [{"customer_id": k} for k in (1, 2, 3)]
    rules = ["not is_empty(tier)", {"any": ["exists(orders, amount > 10)", "tier = 'silver'"]}]
    assert bench.run({"type": "filter", "where": rules}, rows).keys() == [1]
    assert bench.run({"type": "filter", "where": "not exists(orders)"}, rows).keys() == [2, 3]


@given(SCORES, st.sampled_from(["score > 0", "score != 1", "not score in (1, 2)", "score is null"]))
@QUICK
def test_filter_and_complement_partition_the_input(bench, rows, rule):
    ran = bench.run({"type": "filter", "where": rule, "complement": "rest"}, rows, columns=COLUMNS)
    alone = bench.run({"type": "filter", "where": rule}, rows, columns=COLUMNS)
    oracle = {
        "score > 0": lambda v: v is not None and v > 0,
        "score != 1": lambda v: v != 1,
        "not score in (1, 2)": lambda v: v not in (1, 2),
        "score is null": lambda v: v is None,
    }[rule]
    expected = sorted(row["customer_id"] for row in rows if oracle(row["score"]))
    assert ran.keys() == alone.keys() == expected
    assert sorted(ran.keys() + ran.keys("rest")) == sorted(row["customer_id"] for row in rows)
