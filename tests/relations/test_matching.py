"""Rows find their partners by expressions or by a rule; nothing matches nothing."""

from dataclasses import replace

import pytest

from campanile.errors import DefinitionError
from campanile.relations.matching import PARTNERS, Side, find_partners
from campanile.relations.rules import compile_order
from campanile.relations.types import Type
from campanile.warehouse.sources import MemoryRows

LEADS = [(1, "A@X.FR", 60), (2, "b@x.de", 2), (3, "", 3), (4, None, 4), (5, "z@z.z", 50)]


@pytest.fixture
def leads(session, scope):
    schema = {"line": Type.INTEGER, "mail": Type.TEXT, "worth": Type.INTEGER}
    session.bind("work__leads", MemoryRows(schema, LEADS))
    rows = session.relation("work__leads")
    return Side(rows, replace(scope, entity=None, row_key=()))


@pytest.fixture
def customers(session, scope):
    return Side(session.relation("entity__customer", ("customer_id",)), scope)


def pairs(match, session):
    rows = match.rows.join_many(match.pairs, match.ids, {"found": "customer_id"}, "inner")
    return sorted(session.rows(rows.select(["line", "found"])))


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ({"lower(mail)": "lower(email)"}, [(1, "c1"), (2, "c2")]),
        ({"mail": "email"}, []),
        ("lower(input.mail) = lower(target.email) and input.worth > param.min / 2", [(1, "c1")]),
        ("target.store.store_id = input.worth", [(2, "c2")]),
        ("(lower(input.mail) = lower(target.email)) and (target.points > 0 or input.worth = 2)",
         [(1, "c1"), (2, "c2")]),
        ("lower(input.mail) = lower(target.email) and not input.mail = target.email",
         [(1, "c1"), (2, "c2")]),
    ],
)  # fmt: skip
def test_pairs_are(on, expected, leads, customers, session):
    assert pairs(find_partners(leads, customers, on), session) == expected


def test_the_first_of_an_order_is_chosen_and_all_are_counted(leads, customers, session):
    match = find_partners(leads, customers, {"1": "1"})
    order = compile_order(["customer_id desc"], customers.scope)
    everybody = [key for (key,) in session.rows(customers.rows.select(["customer_id"]))]
    (found,) = session.rows(match.one(order).select(["customer_id", PARTNERS]))
    assert found == (max(everybody), len(everybody))


def test_no_pair_is_tried_in_vain(leads, customers, session):
    """A hash join, whatever the rule says beside its equality."""
    for on in ({"mail": "email"}, "input.mail = target.email and input.worth > target.points"):
        match = find_partners(leads, customers, on)
        found = session._connection.execute(f"EXPLAIN {match.pairs.sql()}").fetchall()
        plan = "\n".join(str(row[1]) for row in found)
        assert "Hash Join" in plan
        assert "Nested Loop" not in plan
        assert "Cross" not in plan


@pytest.mark.parametrize(
    ("on", "code", "path"),
    [
        ({}, "no_match", ()),
        ({"mail": "points"}, "type", ()),
        ({"mali": "email"}, "unknown_column", ("mali",)),
        ({"mail": "emial"}, "unknown_column", ("mail",)),
        ({"opened(offer)": "email"}, "no_messages", ("opened(offer)",)),
        ("mail = target.email", "match_side", ()),
        ("input.mail = target.email and input.mail", "not_a_condition", ()),
        ("input.mail = target.email and input.mail = (select 1)", "forbidden", ()),
        ("input.worth < 3 and target.points > 0", "no_equality", ()),
        ("input.mail = target.email or input.worth = target.points", "no_equality", ()),
        ("input.mail = 'x' and target.email = 'x'", "no_equality", ()),
        ("input.mail = target.email and other = 1", "match_side", ()),
    ],
)
def test_a_match_that_cannot_be_is_refused(on, code, path, leads, customers):
    with pytest.raises(DefinitionError) as caught:
        find_partners(leads, customers, on)
    assert (caught.value.code, caught.value.path) == (code, path)
