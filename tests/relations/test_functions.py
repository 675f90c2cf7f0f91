"""Every function of the catalogue gives what its description says, also for nothing."""
# ruff: noqa: DTZ001  (instants are stored as naive UTC)

from datetime import date, datetime
from itertools import pairwise

import pytest

from campanile.errors import DefinitionError
from campanile.relations.functions import CATALOGUE, FUNCTIONS
from campanile.relations.rules import compile_value

VALUES = [
    ("lower('ÀB')", "àb"),
    ("upper('ab')", "AB"),
    ("trim('  a b ')", "a b"),
    ("length('été')", 3),
    ("length('')", 0),
    ("contains('a%b', '%')", True),
    ("contains(nullif('', ''), 'a')", False),
    ("starts_with('abc', 'ab')", True),
    ("ends_with('abc', 'bc')", True),
    ("ends_with('abc', 'ab')", False),
    ("ends_with('c', 'abc')", False),
    ("replace('a-b-c', '-', '')", "abc"),
    ("substring('abcdef', 2, 3)", "bcd"),
    ("substring('abcdef', 5)", "ef"),
    ("left('abc', 2)", "ab"),
    ("right('abc', 2)", "bc"),
    ("concat('a', nullif('', ''), 'b')", "ab"),
    ("'a' || nullif('', '')", None),
    ("coalesce(nullif(1, 1), 2)", 2),
    ("coalesce(nullif(1, 1), 2.5)", 2.5),
    ("nullif('a', 'b')", "a"),
    ("is_empty('')", True),
    ("is_empty(0)", False),
    ("capitalize('jEAN')", "Jean"),
    ("initcap('')", ""),
    ("split_part('a@b.c', '@', 2)", "b.c"),
    ("split_part('a@b.c', '@', 3)", None),
    ("if(1 > 2, 'a', 'b')", "b"),
    ("if(nullif(1, 1) > 2, 'a')", None),
    ("rank_of(tier, 'silver', 'gold')", 2),
    ("rank_of('x', 'silver', 'gold')", None),
    ("hash_share(customer_id, 'x', 100)", True),
    ("hash_share(customer_id, 'x', 0)", False),
    ("abs(-3)", 3),
    ("abs(-2.5)", 2.5),
    ("round(2.5)", 3.0),
    ("round(-2.5)", -3.0),
    ("round(1.005 * 1000)", 1005.0),
    ("round(12.345, 1)", 12.3),
    ("round(1250, -2)", 1300.0),
    ("floor(-1.5)", -2),
    ("ceil(1.2)", 2),
    ("mod(-7, 3)", -1),
    ("mod(7, 0)", None),
    ("least(3, nullif(1, 1), 2)", 2),
    ("greatest(nullif(1, 1), nullif(1, 1))", None),
    ("greatest('a', 'c', 'b')", "c"),
    ("power(2, 10)", 1024.0),
    ("sqrt(9)", 3.0),
    ("sqrt(-9)", None),
    ("7 / 2", 3.5),
    ("1 / 0", None),
    ("2000000000 + 2000000000", 4000000000),
    ("3 * 2 - 1", 5),
    ("(1 + 2) * 3", 9),
    ("-(1 - 3)", 2),
    ("10 - (4 - 3)", 9),
    ("12 / (6 / 2)", 4.0),
    ("to_text(12)", "12"),
    ("to_number(' 1.5 ')", 1.5),
    ("to_number('one')", None),
    ("to_integer('2.5')", 3),
    ("to_integer(-2.5)", -3),
    ("to_integer('')", None),
    ("to_date('2026-01-31')", date(2026, 1, 31)),
    ("to_date('2026-02-31')", None),
    ("now()", datetime(2026, 11, 22, 16)),
    ("today()", date(2026, 11, 22)),
    ("started_at()", datetime(2026, 11, 20, 8)),
    ("previous_start()", None),
    ("days_ago(30)", date(2026, 10, 23)),
    ("days_ago(-1)", date(2026, 11, 23)),
    ("add_days(date '2026-02-27', 2)", date(2026, 3, 1)),
    ("add_days(today(), -points)", date(2026, 11, 12)),
    ("add_months(date '2026-01-31', 1)", date(2026, 2, 28)),
    ("days_between(date '2026-01-01', date '2026-03-01')", 59),
    ("days_between(date '2026-03-01', date '2026-01-01')", -59),
    ("months_between(date '2026-01-31', date '2026-03-30')", 1),
    ("months_between(date '2026-01-31', date '2026-03-31')", 2),
    ("years_old(date '2008-11-22')", 18),
    ("years_old(date '2008-11-23')", 17),
    ("years_old(date '2026-11-23')", -1),
    ("year(timestamp '2026-01-01 00:30')", 2026),
    ("month(date '2026-12-24')", 12),
    ("day(timestamp '2026-01-01 00:30')", 1),
    ("weekday(date '2026-11-23')", 1),
    ("weekday(date '1899-12-31')", 7),
    ("hour(timestamp '2026-07-01 00:30')", 0),
    ("date_of(timestamp '2026-07-01 00:30')", date(2026, 7, 1)),
    ("start_of_day(last_seen)", date(2026, 11, 1)),
    ("start_of_week()", date(2026, 11, 16)),
    ("start_of_week(date '2026-11-22')", date(2026, 11, 16)),
    ("start_of_month()", date(2026, 11, 1)),
    ("start_of_month(timestamp '2026-07-01 00:30')", date(2026, 7, 1)),
    ("start_of_year(date '2025-07-01')", date(2025, 1, 1)),
    # local literals as UTC: summer, the gap and the overlap of Paris in 2026
    ("timestamp '2026-07-01 09:00'", datetime(2026, 7, 1, 7)),
    ("timestamp '2026-03-29 02:30'", datetime(2026, 3, 29, 1)),
    ("timestamp '2026-10-25 02:30'", datetime(2026, 10, 25, 0, 30)),
    ("least(date '2026-01-02', today())", date(2026, 1, 2)),
]


NOT_ON_POSTGRES = ("to_number('one')", "to_date('2026-02-31')")


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_a_value_is_the_same_on_every_engine(text, expected, people, scope, run, engine):
    if engine == "postgres" and text in NOT_ON_POSTGRES:
        pytest.skip("PostgreSQL has no TRY_CAST, so a text that is none stops the query")
    own = scope.over(people.schema, people.source)
    one = people.where("customer_id = 'c1'", scope).derive({"it": compile_value(text, own)})
    found = run(one.select(["it"]))[0][0]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_every_function_is_documented_and_tested(function):
    assert function.description.endswith(".")
    assert function.name in function.signature
    called = f"{function.name}("
    assert called in function.example or any(f"{a}(" in function.example for a in function.aliases)
    names = (function.name, *function.aliases)
    assert any(f"{name}(" in text for name in names for text, _ in VALUES)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_nothing_in_gives_no_error(function, evaluate, scope):
    """An empty column as every argument that may be one."""
    samples = {
        "text": "nullif('a', 'a')",
        "integer": "nullif(1, 1)",
        "number": "nullif(1.5, 1.5)",
        "boolean": "nullif(true, true)",
        "timestamp": "nullif(now(), now())",
        "date or timestamp": "nullif(now(), now())",
        "any": "nullif(1, 1)",
        "anything": "nullif('a', 'a')",
    }
    fixed = {"text": "'a'", "integer": "1", "number": "1", "any": "1"}
    arguments = [fixed[p.type] if p.constant else samples[p.type] for p in function.parameters]
    evaluate(f"{function.name}({', '.join(arguments)})")


def test_names_of_functions_are_their_own():
    assert len(CATALOGUE) == sum(1 + len(function.aliases) for function in FUNCTIONS)
    assert len(FUNCTIONS) >= 45


@pytest.mark.parametrize("text", ["lower()", "lower('a', 'b')", "now(1)", "coalesce()", "if(true)"])
def test_a_wrong_number_of_arguments_shows_the_signature(text, scope):
    with pytest.raises(DefinitionError, match="It is "):
        compile_value(text, scope)


def test_a_share_of_the_hash_grows_and_keeps_who_was_in(evaluate):
    people = ["c1", "c2", "c3", "c4"]
    inside = [
        {p for p in people if evaluate(f"hash_share(customer_id, 's', {n})", p)}
        for n in range(0, 101, 20)
    ]
    assert all(small <= large for small, large in pairwise(inside))
    assert inside[-1] == set(people)
