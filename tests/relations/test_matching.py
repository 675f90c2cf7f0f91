"""Rows find their partners by expressions or by a rule; nothing matches nothing."""

from dataclasses import replace

import pytest

from campanile.errors import DefinitionError
from campanile.relations.matching import Side, match_rows
from campanile.relations.types import Type
from campanile.warehouse.sources import MemoryRows

LEADS = [(1, "A@X.FR", 60), (2, "b@x.de", 2), (3, "", 3), (4, None, 4), (5, "z@z.z", 50)]


@pytest.fixture
def leads(session, scope):
    schema = {"line": Type.INTEGER, "mail": Type.TEXT, "worth": Type.INTEGER}
    session.bind("work__leads", MemoryRows(schema, LEADS))
    rows = session.relation("work__leads", ("line",))
    return Side(rows, replace(scope, entity=None, row_key=()))


@pytest.fixture
def customers(session, scope):
    return Side(session.relation("entity__customer", ("customer_id",)), scope)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ({"lower(mail)": "lower(email)"}, [(1, "c1"), (2, "c2")]),
        ({"mail": "email"}, []),
        ("lower(input.mail) = lower(target.email) and input.worth > param.min / 2", [(1, "c1")]),
        ("input.worth = target.store.store_id", [(2, "c2")]),
        ("input.worth < 3 and target.points > 0", [(2, "c1")]),
    ],
)
def test_pairs_are(on, expected, leads, customers, session):
    pairs = match_rows(leads, customers, on, {"customer_id": "customer_id"})
    assert list(pairs.schema) == ["line", "customer_id"]
    assert sorted(session.rows(pairs)) == expected


@pytest.mark.parametrize(
    ("on", "code"),
    [
        ({}, "no_match"),
        ({"mail": "points"}, "type"),
        ({"mali": "email"}, "unknown_column"),
        ("mail = target.email", "match_side"),
        ("input.mail", "not_a_condition"),
        ("input.mail = (select 1)", "forbidden"),
    ],
)
def test_a_match_that_cannot_be_is_refused(on, code, leads, customers):
    with pytest.raises(DefinitionError) as caught:
        match_rows(leads, customers, on, {"customer_id": "customer_id"})
    assert caught.value.code == code
