"""Window functions give each row its place among the others, the same on every engine."""
# ruff: noqa: DTZ001  (instants are stored as naive UTC)

from datetime import datetime

import pytest
from sqlglot import parse_one

from campanile.errors import DefinitionError
from campanile.relations.rules import compile_order, compile_rule, compile_value
from campanile.relations.windows import WINDOW_FUNCTIONS

# points: c1 10, c2 0, c3 nothing, c4 -7; store: c1 1, c2 2, c3 nothing, c4 9
VALUES = [
    ("row_number()", [1, 2, 3, 4]),
    ("row_number(order => points)", [3, 2, 4, 1]),
    ("row_number(order => desc(points))", [1, 2, 4, 3]),
    ("row_number(by => is_empty(points), order => (points, email))", [3, 2, 1, 1]),
    ("rank(order => points > 0)", [4, 1, 1, 1]),
    ("dense_rank(order => points > 0)", [2, 1, 1, 1]),
    ("rank(by => (tier, store_id), order => points)", [1, 1, 1, 1]),
    ("tile(2, order => customer_id)", [1, 1, 2, 2]),
    ("lag(points, order => customer_id)", [None, 10, 0, None]),
    ("lead(points, 2, order => customer_id)", [None, -7, None, None]),
    ("first_over(points, order => customer_id)", [10, 10, 10, 10]),
    ("last_over(points, order => customer_id)", [-7, -7, -7, -7]),
    ("count_over()", [4, 4, 4, 4]),
    ("count_over(by => is_empty(tier))", [3, 3, 1, 3]),
    ("count_over(order => customer_id)", [1, 2, 3, 4]),
    ("sum_over(points)", [3, 3, 3, 3]),
    ("sum_over(points, order => customer_id)", [10, 10, 10, 3]),
    ("sum_over(points, by => customer_id)", [10, 0, 0, -7]),
    ("sum_over(score, order => points > 0)", [-1.0, -2.5, -2.5, -2.5]),
    ("avg_over(points)", [1.0, 1.0, 1.0, 1.0]),
    ("min_over(points)", [-7, -7, -7, -7]),
    ("max_over(last_seen)", [datetime(2026, 11, 22, 0, 30)] * 4),
    ("points > avg_over(points)", [True, False, False, False]),
    ("row_number(order => desc(sum(orders.amount)))", [1, 3, 4, 2]),
    ("2 * rank(order => points) - 1", [5, 3, 7, 1]),
]


@pytest.mark.parametrize(("text", "expected"), VALUES, ids=[text for text, _ in VALUES])
def test_a_window_is_the_same_on_every_engine(text, expected, people, scope, run):
    found = run(people.add({"it": text}, scope).select(["customer_id", "it"]))
    assert [value for _, value in sorted(found)] == expected


@pytest.fixture(scope="module")
def on_spark(people, scope, spark_session):
    """Every window on Spark, all in one query."""
    added = people.add({f"w{n}": text for n, (text, _) in enumerate(VALUES)}, scope)
    rows = sorted(spark_session.rows(added.select(["customer_id", *_names()])))
    return {name: [row[n] for row in rows] for n, name in enumerate(_names(), 1)}


def _names():
    return [f"w{number}" for number in range(len(VALUES))]


@pytest.mark.parametrize("number", range(len(VALUES)), ids=[text for text, _ in VALUES])
def test_a_window_is_the_same_on_spark(number, on_spark):
    assert on_spark[f"w{number}"] == VALUES[number][1]


@pytest.mark.parametrize("text", [text for text, _ in VALUES])
def test_what_is_written_for_spark_is_its_dialect(text, people, scope):
    assert parse_one(people.add({"it": text}, scope).sql("spark"), dialect="spark")


@pytest.mark.parametrize("name", WINDOW_FUNCTIONS)
def test_every_window_function_is_documented_and_tested(name):
    window = WINDOW_FUNCTIONS[name]
    assert window.written.startswith(f"{name}(")
    assert window.description.endswith(".")
    assert f"{name}(" in window.example
    assert any(f"{name}(" in text for text, _ in VALUES)


def test_an_order_may_look_at_other_rows(people, scope, run):
    own = scope.over(people.schema, people.source)
    order = compile_order(["rank(order => points) desc"], own)
    top = people.top([], order, 2)
    assert sorted(row[0] for row in run(top.select(["customer_id"]))) == ["c1", "c3"]
    assert [row[0] for row in run(people.limit(2, order).select(["customer_id"]))] == ["c3", "c1"]


REFUSED = [
    "row_number() = 1",
    "exists(orders, row_number() = 1)",
    "count(orders, sum_over(amount) > 1) > 1",
    "big(least => rank(order => points))",
]


@pytest.mark.parametrize("text", REFUSED)
def test_a_condition_cannot_look_at_other_rows(text, scope):
    with pytest.raises(DefinitionError, match="enrichment") as caught:
        compile_rule(text, scope)
    assert caught.value.offset is not None


WRONG = [
    "rank()",
    "rank(by => tier)",
    "rank(points, order => points)",
    "tile(0, order => points)",
    "tile(points, order => points)",
    "lag(order => points)",
    "lag(points, -1, order => points)",
    "sum_over(email)",
    "sum_over(sum_over(points))",
    "sum_over(points, order => desc(points, email))",
    "sum_over(points, points)",
    "sum_over(points, over => tier)",
    "sum_over(points, by => tier, by => email)",
    "exists(orders, sum_over(amount) > 1)",
    "lag(null, order => points)",
]


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_window_is_refused(text, scope):
    with pytest.raises(DefinitionError) as caught:
        compile_value(text, scope, windows=True)
    assert caught.value.offset is not None
