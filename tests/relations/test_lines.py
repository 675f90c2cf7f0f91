"""Collected lines are the first linked rows, as a list and by position."""

import json

import pytest

from campanile.errors import DefinitionError
from campanile.relations.lines import LinesRequest, compile_lines
from campanile.relations.types import Type

REQUEST = LinesRequest(
    "orders", {"day": "placed_at", "price": "amount", "land": "store.country"}, 2,
    order=["placed_at desc"],
)  # fmt: skip


@pytest.fixture
def customers(session):
    return session.relation("entity__customer", ("customer_id",)).select(["customer_id"])


def test_lines_are_the_first_in_order(customers, scope, session):
    found = customers.derive(compile_lines("last", REQUEST, scope.over(customers.schema, None)))
    assert found.schema["last"] is Type.LINES
    assert found.schema["last_1_price"] is Type.NUMBER
    rows = session.rows(found.select(["customer_id", "last", "last_1_price", "last_2_land"]))
    lists = {row[0]: json.loads(row[1]) for row in rows}
    assert lists["c1"] == [
        {"day": "2026-11-20 09:00:00", "price": 60.0, "land": "FR"},
        {"day": "2026-01-02 09:00:00", "price": 50.0, "land": "DE"},
    ]
    assert lists["c3"] == []
    assert lists["c4"] == [{"day": None, "price": 5.0, "land": None}]
    assert {row[0]: row[2:] for row in rows}["c1"] == (60.0, "DE")
    assert session.count(found.where("last_1_price > 55 and last_2_land = 'DE'", scope)) == 1


def test_lines_can_be_chosen_by_a_rule(customers, scope, session):
    request = LinesRequest("orders.lines", {"sku": "sku"}, 1, "order.store_id = 2", ["price desc"])
    found = customers.derive(compile_lines("top", request, scope.over(customers.schema, None)))
    rows = dict(session.rows(found.select(["customer_id", "top_1_sku"])))
    assert rows == {"c1": "a", "c2": "b", "c3": None, "c4": None}


@pytest.mark.parametrize(
    "request_",
    [
        LinesRequest("orders", {}),
        LinesRequest("orders", {"a": "amount"}, take=0),
        LinesRequest("orders", {"a": "amuont"}),
        LinesRequest("nowhere", {"a": "amount"}),
        LinesRequest("count(orders)", {"a": "amount"}),
        LinesRequest("orders", {"a": "amount"}, where="amount > row.customer_id"),
    ],
)
def test_lines_that_cannot_be_are_refused(request_, customers, scope):
    with pytest.raises(DefinitionError):
        compile_lines("x", request_, scope.over(customers.schema, None))
