"""What must hold for every rule: exact negation, and one linked row for all of a set function."""

import random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campanile.relations.relation import Relation
from campanile.relations.scope import EntityTable, Link, Scope
from campanile.relations.types import Type

PARENT = EntityTable(
    "parent",
    "p",
    {"id": Type.INTEGER, "a": Type.INTEGER, "b": Type.INTEGER, "t": Type.TEXT, "f": Type.BOOLEAN},
    ("id",),
    {"kids": Link("kids", "kid", (("id", "parent_id"),), many=True)},
)
KID = EntityTable(
    "kid",
    "k",
    {"kid_id": Type.INTEGER, "parent_id": Type.INTEGER, "x": Type.INTEGER, "y": Type.INTEGER},
    ("kid_id",),
    {"parent": Link("parent", "parent", (("parent_id", "id"),), many=False)},
)
SCOPE = Scope(PARENT, {"parent": PARENT, "kid": KID}, row_key=("id",))

numbers = st.sampled_from(["0", "1", "2", "-1", "1.5"])
comparisons = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
kid_values = st.sampled_from(["x", "y", "x + y", "x / y", "parent.a", "nullif(x, 1)"])
parent_values = st.sampled_from(
    [
        "a",
        "b",
        "a - b",
        "a / b",
        "count(kids)",
        "sum(kids.x)",
        "avg(kids.y, x > 0)",
        "max(kids.x)",
        "first(kids.x, y)",
        "coalesce(a, b)",
        "least(a, b)",
        "if(f, a, b)",
        "row.a",
        "length(t)",
    ]
)


def leaves(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    compared = st.builds("{} {} {}".format, values, comparisons, st.one_of(values, numbers))
    listed = st.builds(
        "{} {}in ({}, {})".format, values, st.sampled_from(["", "not "]), numbers, values
    )
    ranged = st.builds(
        "{} {}between {} and {}".format, values, st.sampled_from(["", "not "]), numbers, values
    )
    empty = st.builds("{}is_empty({})".format, st.sampled_from(["", "not "]), values)
    return st.one_of(compared, listed, ranged, empty)


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
        st.builds("case when {} then f else {} end".format, inner, inner),
    )


kid_rules = st.recursive(leaves(kid_values), combined, max_leaves=3).filter(
    lambda r: " f " not in r
)
plain = st.sampled_from(
    ["f", "t like 'a%'", "t not like '%b'", "f = true", "t = t", "t in ('ab', 'a')"]
)
sets = st.one_of(
    st.builds("{}exists(kids, {})".format, st.sampled_from(["", "not "]), kid_rules),
    st.builds("count(kids, {}) {} {}".format, kid_rules, comparisons, numbers),
    st.builds(
        "sum(kids.x, {}) {} {}".format, kid_rules, comparisons, st.one_of(numbers, parent_values)
    ),
    st.builds("count(kids, y {} row.b) > 1".format, comparisons),
)
rules = st.recursive(st.one_of(leaves(parent_values), plain, sets), combined, max_leaves=6)


@pytest.fixture(scope="module")
def tables():
    connection = duckdb.connect(":memory:")
    chance = random.Random(7)

    def pick(*values):
        return chance.choice(values)

    connection.execute("CREATE TABLE p (id BIGINT, a BIGINT, b BIGINT, t TEXT, f BOOLEAN)")
    connection.execute("CREATE TABLE k (kid_id BIGINT, parent_id BIGINT, x BIGINT, y BIGINT)")
    small = (None, None, 0, 1, 2, -1)
    parents = [
        (i, pick(*small), pick(*small), pick(None, "", "ab", "a", "b"), pick(None, True, False))
        for i in range(40)
    ]
    kids = [(i, pick(None, *range(45)), pick(*small), pick(*small)) for i in range(90)]
    connection.executemany("INSERT INTO p VALUES (?, ?, ?, ?, ?)", parents)
    connection.executemany("INSERT INTO k VALUES (?, ?, ?, ?)", kids)
    yield connection, parents, kids
    connection.close()


def ids(connection, rule) -> list[int]:
    relation = Relation.table("p", PARENT.schema, ("id",)).where(rule, SCOPE)
    return sorted(row[0] for row in connection.execute(relation.sql()).fetchall())


@settings(max_examples=150, deadline=None)
@given(rule=rules)
def test_not_selects_exactly_the_rest(tables, rule):
    connection, parents, _ = tables
    kept, left = ids(connection, rule), ids(connection, f"not ({rule})")
    assert sorted(kept + left) == [row[0] for row in parents]


@settings(max_examples=60, deadline=None)
@given(rule=rules)
def test_a_rule_as_a_column_is_never_empty_and_says_the_same(tables, rule):
    connection, _, _ = tables
    relation = Relation.table("p", PARENT.schema, ("id",)).add(
        {"holds": f"({rule}) and true"}, SCOPE
    )
    rows = connection.execute(relation.select(["id", "holds"]).sql()).fetchall()
    assert all(holds is not None for _, holds in rows)
    assert sorted(i for i, holds in rows if holds) == ids(connection, rule)


def holds(row, x_above: int, y_below: int, same: bool) -> bool:
    _, _, x, y = row
    tests = [x is not None and x > x_above, y is not None and y < y_below]
    return (all(tests) or (same and x is not None and x == y)) if same else all(tests)


@settings(max_examples=80, deadline=None)
@given(st.integers(-2, 3), st.integers(-2, 3), st.booleans(), st.integers(0, 2))
def test_all_of_a_set_function_holds_for_one_row(tables, x_above, y_below, same, least):
    connection, parents, kids = tables
    rule = f"x > {x_above} and y < {y_below}" + (" or x = y" if same else "")
    matching = [k for k in kids if holds(k, x_above, y_below, same)]
    counts = {p[0]: sum(k[1] == p[0] for k in matching) for p in parents}
    assert ids(connection, f"exists(kids, {rule})") == [i for i, n in counts.items() if n]
    assert ids(connection, f"count(kids, {rule}) <= {least}") == [
        i for i, n in counts.items() if n <= least
    ]
    back = f"count(kids, ({rule}) and parent.id = row.id and row.id = row.id) > {least}"
    assert ids(connection, back) == [i for i, n in counts.items() if n > least]
