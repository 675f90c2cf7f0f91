from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from campanile.catalog.entities import (
    Catalog,
    Column,
    Dimension,
    Entity,
    EntityLink,
    SourceDefinition,
)
from campanile.catalog.scopes import (
    Moment,
    build_entity_tables,
    build_saved_audience,
    build_scope,
    recipient_path,
    require_dimension,
    require_entity,
)
from campanile.errors import DefinitionError
from campanile.relations.rules import compile_rule, compile_value
from campanile.relations.types import Type

LOADED = SourceDefinition("loaded")


def entity(name, key, columns, links=()):
    return Entity(
        name,
        LOADED,
        key,
        {n: Column(n, t, values=v) for n, t, v in columns},
        {link.name: link for link in links},
    )


CUSTOMER = entity(
    "customer",
    ("customer_id",),
    [
        ("customer_id", Type.TEXT, ()),
        ("email", Type.TEXT, ()),
        ("tier", Type.TEXT, ("gold", "silver")),
    ],
    [EntityLink("contracts", "contract", (("customer_id", "holder"),), many=True, back="customer")],
)
CONTRACT = entity(
    "contract",
    ("country", "number"),
    [("country", Type.TEXT, ()), ("number", Type.INTEGER, ()), ("holder", Type.TEXT, ())],
    [EntityLink("customer", "customer", (("holder", "customer_id"),), many=False)],
)
CATALOG = Catalog(
    {"customer": CUSTOMER, "contract": CONTRACT},
    {
        "customer": Dimension("customer", "customer", default=True),
        "contract": Dimension("contract", "contract", recipient="customer"),
    },
)
TABLES = build_entity_tables(CATALOG)
CONTRACTS, CUSTOMERS = CATALOG.dimensions["contract"], CATALOG.dimensions["customer"]


def test_an_entity_keeps_its_columns_key_enums_and_links_of_both_sides():
    customer = TABLES["customer"]
    assert customer.table == "entity__customer"
    assert dict(customer.schema) == {
        "customer_id": Type.TEXT,
        "email": Type.TEXT,
        "tier": Type.TEXT,
    }
    assert customer.enums == {"tier": ("gold", "silver")}
    assert customer.links["contracts"].many
    assert TABLES["contract"].links["customer"].on == (("holder", "customer_id"),)


def test_columns_found_in_the_source_are_added_and_written_types_win():
    bound = {"customer": {"tier": Type.INTEGER, "city": Type.TEXT}}
    schema = build_entity_tables(CATALOG, bound)["customer"].schema
    assert (schema["city"], schema["tier"]) == (Type.TEXT, Type.TEXT)


def test_rules_over_the_entity_itself_read_its_attributes_without_a_join():
    compiled = compile_rule("tier = 'gold'", build_scope(TABLES, CUSTOMERS, Moment()))
    assert compiled.joins == {}


def test_rules_over_a_working_table_join_the_entity_by_its_key():
    columns = {"country": Type.TEXT, "number": Type.INTEGER, "score": Type.NUMBER}
    scope = build_scope(TABLES, CONTRACTS, Moment(), columns)
    assert scope.row_key == ("country", "number")
    assert compile_value("score * 2", scope).joins == {}
    assert compile_value("customer.email", scope).entities == {"contract", "customer"}


def test_rows_that_stand_for_nothing_have_only_their_columns():
    scope = build_scope(TABLES, None, Moment(), {"email": Type.TEXT})
    assert compile_value("lower(email)", scope).type is Type.TEXT
    with pytest.raises(DefinitionError, match="There is no column 'tier'"):
        compile_value("tier", scope)


def test_the_moment_reaches_the_rules():
    now = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    moment = Moment(now=now, timezone=ZoneInfo("Europe/Paris"), parameters={"n": (Type.INTEGER, 3)})
    scope = build_scope(TABLES, CUSTOMERS, moment)
    assert "2026-03-02" in compile_value("today()", scope).tree.sql()
    assert compile_value("param.n + 1", scope).type is Type.INTEGER


def test_the_recipient_is_a_path_of_links_and_empty_for_the_person():
    assert recipient_path(CONTRACTS) == ("customer",)
    assert recipient_path(CUSTOMERS) == recipient_path(None) == ()
    assert build_scope(TABLES, CONTRACTS, Moment()).recipient == ("customer",)


def test_a_saved_audience_holds_the_key_of_its_dimension():
    saved = build_saved_audience(CATALOG, "vip", "contract")
    assert (saved.table, saved.entity, saved.key) == (
        "audience__vip",
        "contract",
        ("country", "number"),
    )
    moment = Moment(audiences={"vip": saved})
    found = compile_rule("in_audience(vip)", build_scope(TABLES, CONTRACTS, moment))
    assert found.audiences == {"vip"}


def test_a_missing_dimension_or_entity_is_named_with_those_there_are():
    assert require_dimension(CATALOG, None) is CUSTOMERS
    with pytest.raises(DefinitionError, match=r"no dimension 'shop'.*contract, customer"):
        require_dimension(CATALOG, "shop")
    with pytest.raises(DefinitionError, match=r"no entity 'shop'.*contract, customer"):
        require_entity(TABLES, "shop")


@pytest.mark.parametrize(
    ("link", "message"),
    [
        (EntityLink("shop", "shop", (("holder", "id"),), many=False), "'shop', which is no entity"),
        (EntityLink("x", "customer", (("who", "customer_id"),), many=False), "names column 'who'"),
        (EntityLink("x", "customer", (("holder", "id"),), many=False), "names column 'id'"),
    ],
)
def test_a_link_that_leads_nowhere_is_refused(link, message):
    broken = entity(
        "contract", ("number",), [("number", Type.INTEGER, ()), ("holder", Type.TEXT, ())], [link]
    )
    with pytest.raises(DefinitionError, match=message):
        build_entity_tables(Catalog({"contract": broken, "customer": CUSTOMER}, {}))


def test_a_key_that_is_no_column_is_refused():
    broken = entity("shop", ("id",), [("name", Type.TEXT, ())])
    with pytest.raises(DefinitionError, match="key of entity 'shop' names column 'id'"):
        build_entity_tables(Catalog({"shop": broken}, {}))
