import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.errors import DefinitionError
from campanile.relations.types import Type

QUICK = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PEOPLE = st.dictionaries(
    st.integers(1, 20),
    st.tuples(st.sampled_from([None, "", "gold", "silver"]), st.one_of(st.none(), st.just(30))),
    max_size=8,
).map(lambda f: [{"customer_id": k, "tier": t, "age": a} for k, (t, a) in f.items()])
SHOP = [
    {"customer_id": 1, "tier": "gold", "age": 40},
    {"customer_id": 2, "tier": "silver", "age": None},
    {"customer_id": 3, "tier": None, "age": 20},
]


def build(bench, where=None, **options):
    rule = {} if where is None else {"where": where}
    return bench.run({"type": "build_audience", **rule, **options})


def test_an_audience_is_the_keys_of_those_for_whom_the_rule_holds(bench):
    bench.entity("customer", SHOP)
    bench.entity("order", [{"order_id": 1, "customer_id": 3, "amount": 70}])
    ran = build(bench, {"any": ["age >= 40", "sum(orders.amount) > 50"]})
    assert ran.rows == {"": [{"customer_id": 1}, {"customer_id": 3}]}
    assert ran.schema == {"": {"customer_id": Type.INTEGER}}
    assert ran.outcome.outputs[""].key == ("customer_id",)


def test_without_a_rule_it_is_everybody(bench):
    bench.entity("customer", SHOP)
    assert build(bench).keys() == [1, 2, 3]


def test_its_own_dimension_beats_the_campaigns(bench):
    bench.entity("customer", SHOP)
    bench.entity("contract", [{"number": 9, "holder": 1}, {"number": 8, "holder": 3}])
    assert build(bench, "customer.tier = 'gold'", dimension="contract").keys() == [9]
    with pytest.raises(DefinitionError, match="no dimension 'shop'"):
        build(bench, dimension="shop")


@given(PEOPLE, st.sampled_from(["tier = 'gold'", "age > 18 or is_empty(tier)", "age != 30"]))
@QUICK
def test_a_rule_and_its_negation_share_everybody_out(bench, people, rule):
    bench.entity("customer", people)
    chosen, others = build(bench, rule).keys(), build(bench, f"not ({rule})").keys()
    assert sorted(chosen + others) == sorted(person["customer_id"] for person in people)
    holds = {
        "tier = 'gold'": lambda p: p["tier"] == "gold",
        "age > 18 or is_empty(tier)": lambda p: (p["age"] or 0) > 18 or not p["tier"],
        "age != 30": lambda p: p["age"] != 30,
    }[rule]
    assert chosen == sorted(p["customer_id"] for p in people if holds(p))
