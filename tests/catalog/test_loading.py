import pytest

from campanile.catalog.loading import load_catalog
from campanile.catalog.yaml_source import read_yaml
from campanile.relations.types import Type

SHOP = """\
entities:
  customer:
    source: {loaded: true}
    key: customer_id
    version: updated_at
    columns:
      customer_id: text
      store_id: text
      email: {type: text, personal: true, label: E-mail}
      email_ok: boolean
      tier: {type: enum, values: [bronze, gold]}
      updated_at: timestamp
    links: {store: {to: store, match: {store_id: store_id}, back: customers}}
  store:
    source: {duckdb: shop.db, table: stores}
    key: [store_id]
    columns: {store_id: text, sent_from: {type: text, as: from}}
  card:
    source: {files: cards/*.parquet}
    key: card_id
    columns: {card_id: integer, customer_id: text}
    links: {holder: {to: customer, match: {customer_id: customer_id}, back: card, unique: true}}
dimensions:
  customer: {default: true, addresses: {email: lower(email)}, consent: {email: email_ok}}
  card: {recipient: holder}
"""


def load(*texts):
    return load_catalog([read_yaml(t, f"c{n}.yaml") for n, t in enumerate(texts, 1)])


def faults(*texts):
    return [str(fault) for fault in load(*texts)[1]]


def test_a_catalog_is_read_with_links_in_both_directions():
    catalog, found = load(SHOP)
    assert found == []
    customers = catalog.entities["store"].links["customers"]
    assert (customers.many, customers.target, customers.match) == (
        True,
        "customer",
        (("store_id", "store_id"),),
    )
    assert not catalog.entities["customer"].links["store"].many
    assert not catalog.entities["customer"].links["card"].many, "unique: one to one"
    assert catalog.default_dimension.name == "customer"


def test_columns_keep_type_mask_values_and_header():
    columns = load(SHOP)[0].entities["customer"].columns
    assert columns["email"].personal
    assert (columns["tier"].type, columns["tier"].values) == (Type.TEXT, ("bronze", "gold"))
    assert load(SHOP)[0].entities["store"].columns["sent_from"].header == "from"


@pytest.mark.parametrize(
    ("old", "new", "place", "word"),
    [
        ("key: customer_id", "key: customer", "c1.yaml:4:10", "Did you mean 'customer_id'?"),
        ("version: updated_at", "version: at", "c1.yaml:5:14", "no column `at`"),
        ("{to: store, match", "{to: stor, match", "c1.yaml:13:25", "Did you mean 'store'?"),
        ("{store_id: store_id}, back", "{store_id: id}, back", "c1.yaml:13:50", "no column `id`"),
        ("back: customers", "back: store_id", "c1.yaml:13:67", "already"),
        ("recipient: holder", "recipient: cards", "c1.yaml:25:21", "not a link to one row"),
        ("  card: {rec", "  cart: {rec", "c1.yaml:25:3", "no entity `cart`"),
        ("lower(email)", "lower(mail)", "c1.yaml:24:54", "Did you mean 'email'?"),
        ("email_ok}}", "email_okay}}", "c1.yaml:24:80", "Did you mean"),
        ("duckdb: shop.db, table", "table: x, files", "c1.yaml:15:5", "a source is one of"),
        ("values: [bronze, gold]", "values: []", "c1.yaml:11:7", "an enum lists"),
        ("personal: true", "personl: true", "c1.yaml:9:27", "Did you mean 'personal'?"),
        ("email: {type: text", "email: {type: txt", "c1.yaml:9:21", "Did you mean 'text'?"),
        ("personal: true", "personal: maybe", "c1.yaml:9:37", "takes true or false"),
        ("as: from", "as: ", "c1.yaml:17:55", "has no value"),
        ("sent_from:", "from:", "c1.yaml:17:31", "cannot be named"),
        ("{recipient: holder}", "{recipient: holder, default: yes}", "c1.yaml:25:38", "default"),
    ],
)
def test_a_fault_has_its_place_and_remedy(old, new, place, word):
    assert SHOP.count(old) == 1
    found = faults(SHOP.replace(old, new))
    assert any(line.startswith(place) and word in line for line in found), found


def test_the_faults_of_several_files_are_found_at_once_and_nothing_is_defined_twice():
    found = faults(SHOP, "entities: {store: {key: a}}\n", "dimensions: {x: {entity: y}}\nz: 1\n")
    assert any(
        "c2.yaml:1:12: `store` is defined a second time (first in c1.yaml" in f for f in found
    )
    assert any("c3.yaml:2:1: `z` is not an option" in f for f in found)


def test_columns_may_be_left_to_the_source():
    catalog, found = load("entities: {order: {source: {files: o.parquet}, key: [a, b]}}")
    assert found == []
    assert catalog.entities["order"].key == ("a", "b")
    assert catalog.entities["order"].columns == {}


@pytest.mark.parametrize(
    "source",
    [
        "{table: shop.orders, loaded: true}",
        "{table: shop.orders, files: o.csv}",
        "{duckdb: shop.db, table: orders, database: shop}",
        "{database: shop}",
    ],
)
def test_a_source_is_one_place(source):
    found = faults(f"entities: {{order: {{source: {source}, key: a}}}}")
    assert any("a source is one of" in f for f in found)


def test_a_table_lies_in_a_database():
    text = "entities: {order: {source: {table: shop.orders, database: crm}, key: a}}"
    catalog, found = load(text)
    assert found == []
    source = catalog.entities["order"].source
    assert (source.kind, source.database, source.table) == ("table", "crm", "shop.orders")
    assert any("pattern" in f for f in faults(text.replace("shop.orders", "'a\"b'")))
