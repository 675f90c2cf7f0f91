"""Nothing but the language gets through, and nothing crashes the compiler."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from campanile.errors import DefinitionError
from campanile.relations.parse import MAX_LENGTH
from campanile.relations.rules import compile_rule, compile_value

HOSTILE = [
    "exists(select 1)",
    "points in (select 1)",
    "(select 1) = 1",
    "points = 1; drop table x",
    "points = 1;",
    "points = 1 -- and more",
    "points = 1 /* and */ and true",
    "points = 1 union select 1",
    "read_csv('/etc/passwd') = 'x'",
    "pg_sleep(10) is null",
    "getenv('HOME') = 'x'",
    "email::json is null",
    "cast(email as int) = 1",
    "try_cast(email as int) = 1",
    "email collate nocase = 'x'",
    "row_number() over () = 1",
    "sum(points) over (partition by tier) > 1",
    "count(*) > 1",
    "count(distinct points) > 1",
    "points = ?",
    "points = $1",
    "points = :x",
    "points = @x",
    "points = @@version",
    "list_transform([1], x -> x) is null",
    "email[1] = 'a'",
    "{'a': 1} is null",
    "[1, 2] is null",
    "email ~ 'a'",
    "email similar to 'a'",
    "email ilike 'a'",
    "email glob 'a'",
    "email regexp 'a'",
    "points <=> 1",
    "points is distinct from 1",
    "points == 1 or",
    "interval '1' day = 1",
    "points is true",
    "current_date = 1",
    "current_user = 'x'",
    "extract(year from last_seen) = 1",
    "date_trunc('day', last_seen) = 1",
    "information_schema.tables = 1",
    "customer.* is null",
    "* = 1",
    "points = any(1)",
    "points = all(select 1)",
    "any(points) = 1",
    "not",
    "and",
    "points between 1",
    "points =",
    "= 1",
    "''''",
    "'open",
    '"open',
    "points = 1)",
    "(points = 1",
    "points = 1 limit 1",
    "select 1",
    "values (1)",
    "drop table x",
    "case when true then 1",
    "case end = 1",
    "points as p = 1",
    "lower(email => 'x') = 'x'",
    "lower(*) = 'x'",
    "x'ff' = 1",
    "b'1' = 1",
    "e'\\n' = email",
    "u&'a' = email",
    "$$a$$ = email",
    "1e999 = points",
    "points = 1 \x00",
    "points = \u2028 ;",
    "schema.function(1) = 1",
    "lower.upper(email) = 'x'",
    "email at time zone 'UTC' = 'x'",
    "exists(orders) over () ",
    "exists(orders, orders)",
    "exists(orders.*)",
    "exists((orders))",
    "points & 1 = 1",
    "points ^ 2 = 1",
    "points << 2 = 1",
    "points ** 2 = 1",
    "points // 2 = 1",
    "a.b.c.d.e.f.g = 1",
    "param = 1",
    "param.min.x = 1",
    "__row.points = 1",
    "time '10:00' = 1",
    "timestamptz '2026-01-01' = last_seen",
    "json '{}' is null",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_not_the_language_is_refused(text, scope):
    with pytest.raises(DefinitionError) as caught:
        compile_rule(text, scope)
    assert caught.value.code
    assert str(caught.value)


@pytest.mark.parametrize("opening", ["(", "not (", "-(", "upper(", "exists(orders, ", "case when "])
@pytest.mark.parametrize("depth", [61, 150, 400])
def test_deep_nesting_is_refused_and_does_not_crash(opening, depth, scope):
    text = opening * depth + "true" + ")" * depth
    with pytest.raises(DefinitionError):
        compile_rule(text[: MAX_LENGTH - 1], scope)


def test_a_long_chain_is_not_deep(scope, chosen):
    assert chosen(" or ".join(f"points = {n}" for n in range(250))) == "c1 c2"


def test_many_signs_are_refused_and_do_not_crash(scope):
    with pytest.raises(DefinitionError):
        compile_rule("not " * 900 + "true and 1", scope)
    with pytest.raises(DefinitionError):
        compile_rule("- " * 1900 + "1", scope)


def test_a_rule_that_is_too_long_is_refused(scope):
    with pytest.raises(DefinitionError, match="4000"):
        compile_rule("points = 1 or " * 400 + "true", scope)


PIECES = [
    *(
        [
            "points",
            "email",
            "tier",
            "orders",
            "store.country",
            "row.points",
            "param.min",
            "customer",
        ]
    ),
    *(
        [
            "(",
            ")",
            "(",
            ")",
            ",",
            ".",
            ";",
            "=",
            "!=",
            "<",
            ">",
            "+",
            "-",
            "*",
            "/",
            "||",
            "%",
            "::",
            "->",
            "=>",
            "[",
            "]",
            "{",
            "}",
            "@",
            "?",
            "$",
            "'",
            '"',
            "`",
            "\\",
        ]
    ),
    *(
        [
            "and",
            "or",
            "not",
            "in",
            "between",
            "like",
            "is",
            "null",
            "case",
            "when",
            "then",
            "else",
            "end",
            "exists",
            "count",
            "sum",
        ]
    ),
    *(
        [
            "select",
            "from",
            "union",
            "over",
            "partition",
            "cast",
            "date",
            "timestamp",
            "interval",
            "as",
            "distinct",
        ]
    ),
    *(
        [
            "1",
            "2.5",
            "'gold'",
            "'x'",
            "''''",
            "--",
            "/*",
            "*/",
            "#",
            "true",
            "false",
            "upper",
            "lower",
            "days_ago",
            "read_csv",
        ]
    ),
    *(
        [
            "opened",
            "clicked",
            "in_audience",
            "big",
            "loop",
            "row",
            "message",
            "nullif",
            "coalesce",
            "if",
            "round",
        ]
    ),
]


@settings(max_examples=1500, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 25))
def test_random_words_compile_or_are_refused_but_never_crash(scope, seed, length):
    chance = random.Random(seed)
    check(" ".join(chance.choice(PIECES) for _ in range(length)), scope)


@settings(max_examples=600, deadline=None)
@given(st.text(max_size=80))
def test_random_text_compiles_or_is_refused_but_never_crashes(scope, text):
    check(text, scope)


ALLOWED_TABLES = ("entity__", "feedback__", "audience__")


def check(text, scope):
    try:
        compiled = compile_value(text, scope)
    except DefinitionError:
        return
    for table in compiled.tree.find_all(exp.Table):
        assert table.name.startswith(ALLOWED_TABLES)
    assert not list(compiled.tree.find_all(exp.Command, exp.Anonymous, exp.Placeholder))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab';-/*\\\"%_\n\u2028é\x1f", max_size=12))
def test_a_literal_is_only_ever_a_value(session, scope, text):
    rows = session.relation("entity__customer", ("customer_id",))
    quoted = text.replace("'", "''")
    own = rows.add({"said": f"'{quoted}'"}, scope).select(["said"])
    assert {row[0] for row in session.rows(own)} == {text}
