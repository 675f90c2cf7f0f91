"""Calls with chance arguments are refused with a place, or are right for an engine."""

import random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campanile.errors import DefinitionError
from campanile.relations.functions import FUNCTIONS
from campanile.relations.originals import ORIGINALS
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value
from campanile.relations.windows import WINDOW_FUNCTIONS

NAMES = sorted(
    {f.name for f in FUNCTIONS} | {o.name for o in ORIGINALS if o.way != "refused"}
    | set(WINDOW_FUNCTIONS) - {"Desc"}
)  # fmt: skip
ARGUMENTS = (
    "points", "score", "email", "birth_date", "last_seen", "legal_hold", "null", "1", "-1", "0",
    "2.5", "99999999999999", "''", "'x'", "'Europe/Paris'", "true", "today()", "now()", "orders",
    "row_number()", "digits => 2", "by => tier", "order => points", "order => desc(points)",
    "text => email", "nonsense", "'../../etc/passwd'", "'a/b'", "lower(email)", "points > 1",
)  # fmt: skip


@pytest.fixture(scope="module")
def empty_shop(scope):
    connection = duckdb.connect(":memory:")
    types = {"text": "TEXT", "integer": "BIGINT", "number": "DOUBLE"}
    for entity in scope.entities.values():
        columns = ", ".join(f'"{n}" {types.get(t, t)}' for n, t in entity.schema.items())
        connection.execute(f'CREATE TABLE "{entity.table}" ({columns})')
    yield connection
    connection.close()


@settings(max_examples=2000, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_a_call_is_refused_with_its_place_or_an_engine_takes_it(seed, people, scope, empty_shop):
    chance = random.Random(seed)
    name = chance.choice(NAMES)
    text = f"{name}({', '.join(chance.choices(ARGUMENTS, k=chance.randint(0, 3)))})"
    own = scope.over(people.schema, people.source)
    refused = None
    try:
        compiled = compile_value(text, own, windows=True)
    except DefinitionError as error:
        refused = error
    if refused is not None:
        assert str(refused)
        assert refused.code
        assert refused.offset is not None, text
        return
    relation: Relation = people.derive({"it": compiled})
    empty_shop.execute(f"EXPLAIN {relation.sql()}")
