"""Table rules speak about all rows at once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from campanile.errors import DefinitionError
from campanile.relations.tables import compile_table_rule


@pytest.fixture
def customers(session):
    return session.relation("entity__customer", ("customer_id",))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("count() = 4", True),
        ("count(tier = 'gold') = 1", True),
        ("count(exists(orders)) = 3", True),
        ("share(is_empty(email)) = 0.5", True),
        ("share(is_empty(email)) < 0.05", False),
        ("sum(points) = 3 and max(score) = 1.5", True),
        ("sum(points, tier = 'gold') = 10", True),
        ("avg(points) = 1", True),
        ("count_distinct(tier) = 3", True),
        ("sum(sum(orders.amount)) = 115", True),
        ("max(store.country) = 'FR'", True),
        ("count() > param.min", False),
        ("count() < 3 * usual(count())", True),
        ("age(order) <= 5", True),
        ("not age(order) <= 5", False),
        ("age(store) <= 5", False),
        (["count() > 1", {"any": ["count() > 9", "count() < 5"]}], True),
        ("max(last_seen) >= days_ago(1)", True),
    ],
)
def test_a_table_rule_holds_or_not(rule, expected, customers, scope, session):
    aged = replace(scope, ages={"order": scope.now - timedelta(hours=4)}, past_counts=(3, 2, 90))
    assert session.scalar(compile_table_rule(rule, customers, aged)) is expected


def test_of_no_rows_counts_sums_and_shares_are_zero(customers, scope, session):
    none = customers.where("false", scope)
    rule = "count() = 0 and sum(points) = 0 and share(legal_hold) = 0"
    assert session.scalar(compile_table_rule(rule, none, scope)) is True
    assert session.scalar(compile_table_rule("not avg(points) > 0", none, scope)) is True


def test_usual_is_the_median_and_without_a_past_the_count_itself(customers, scope, session):
    past = replace(scope, past_counts=(10, 20, 90, 1))
    assert session.scalar(compile_table_rule("usual(count()) = 15", customers, past)) is True
    assert session.scalar(compile_table_rule("usual(count()) = 4", customers, scope)) is True


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("points > 1", "not_aggregated"),
        ("count() > points", "not_aggregated"),
        ("exists(orders)", "not_aggregated"),
        ("share() > 1", "arguments"),
        ("usual(sum(points)) > 1", "arguments"),
        ("age(nothing) > 1", "unknown_entity"),
        ("sum(email) > 1", "type"),
        ("count()", "not_a_condition"),
    ],
)
def test_what_is_no_table_rule_is_refused(rule, code, customers, scope):
    with pytest.raises(DefinitionError) as caught:
        compile_table_rule(rule, customers, scope)
    assert caught.value.code == code
