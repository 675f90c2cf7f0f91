"""Whoever asks the data gets exact counts, masked rows, and the place of what is wrong."""

import json
import re

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campanile.errors import FaultsFound
from campanile.operations.rehearsing import questions
from campanile.operations.rehearsing.questions import understood

ORDERS = """\
entities:
  order:
    source: {loaded: true}
    key: order_id
    columns:
      order_id: integer
      customer_id: text
      amount: number
      note: {type: text, personal: true}
    links: {customer: {to: customer, match: {customer_id: customer_id}, back: orders}}
"""
ROWS = [(n, n % 8, n * 3 % 50, f"note of p{n}@a.example") for n in range(1, 41)]
QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def store(shop):
    """Twenty customers with forty orders, and the orders in an engine of their own."""
    shop.write("catalog/order.yaml", ORDERS)
    lines = [",".join(map(str, row)) for row in ROWS]
    shop.write("orders.csv", "\n".join(["order_id,customer_id,amount,note", *lines]) + "\n")
    assert shop("load", "order", "orders.csv")[0] == 0, shop.err
    return shop


@pytest.fixture(scope="module")
def oracle():
    """The same rows in SQL of somebody who has not read the product."""
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE TABLE o (order_id INT, customer_id TEXT, amount DOUBLE, note TEXT)")
    connection.executemany("INSERT INTO o VALUES (?, ?, ?, ?)", ROWS)
    connection.execute(
        "CREATE TABLE c AS SELECT n::TEXT customer_id, n points,"
        " CASE WHEN n % 10 = 0 THEN 'gold' ELSE 'silver' END tier FROM range(1, 21) t(n)"
    )
    yield connection
    connection.close()


ASKED = [
    ("true", "true"),
    ("points > 10", "points > 10"),
    ("exists(orders, amount > 40)", "EXISTS (FROM o WHERE o.customer_id = c.customer_id"
     " AND amount > 40)"),
    ("sum(orders.amount) > 100 and tier = 'silver'", "tier = 'silver' AND (SELECT sum(amount)"
     " FROM o WHERE o.customer_id = c.customer_id) > 100"),
    ("not exists(orders)", "NOT EXISTS (FROM o WHERE o.customer_id = c.customer_id)"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "sql"), ASKED)
def test_a_count_is_exact(store, oracle, rule, sql):
    found = store.json("count", rule)
    assert found["rows"] == oracle.execute(f"SELECT count(*) FROM c WHERE {sql}").fetchone()[0]
    assert (found["of"], found["dimension"]) == (20, "customer")
    assert "entity__customer" in found["sql"]


def test_a_distribution_counts_those_found_and_says_when_it_is_partial(store, oracle):
    found = store.json("count", "points > 3", "--by", "tier")["by"]
    expected = oracle.execute(
        "SELECT tier, count(*) FROM c WHERE points > 3 GROUP BY 1 ORDER BY 2 DESC"
    ).fetchall()
    assert [(one["value"], one["rows"]) for one in found["values"]] == expected
    assert found["partial"] is False
    whole = store.json("count", "true", "--dimension", "order", "--by", "amount")["by"]
    assert (len(whole["values"]), whole["partial"]) == (20, True)
    _, out = store("count", "true", "--dimension", "order", "--by", "amount")
    assert "partial: the 20 most frequent values; there are more" in out


def test_what_is_personal_is_masked_in_samples_distributions_and_linked_rows(store):
    for words in (
        ("count", "true", "--sample", "5"),
        ("count", "true", "--by", "email"),
        ("count", "true", "--by", "lower(email) || 'x'"),
        ("count", "exists(orders, amount > 1)", "--row", "7"),
        ("count", "true", "--dimension", "order", "--sample", "3", "--by", "customer.email"),
    ):
        for form in ((), ("--json",)):
            status, out = store(*words, *form)
            assert status == 0, store.err
            assert "a.example" not in out + store.err, words
    sample = store.json("count", "points = 7", "--sample", "5")["sample"]
    assert [(one["customer_id"], one["email"]) for one in sample] == [("7", "p•••")]


def test_the_linked_rows_that_made_a_rule_true_are_shown(store, oracle):
    found = store.json(
        "count", "exists(orders, amount > 40) or count(orders, amount < 5) > 9", "--row", "1"
    )["row"]
    assert found["holds"] is True
    exists, count = found["linked"]
    expected = oracle.execute(
        "SELECT order_id FROM o WHERE customer_id = '1' AND amount > 40 ORDER BY 1"
    ).fetchall()
    assert exists["call"] == "exists(orders, amount > 40)"
    assert exists["rows"] == len(expected)
    assert [one["order_id"] for one in exists["sample"]] == [key for (key,) in expected][:3]
    assert all(one["note"] == "n•••" for one in exists["sample"])
    assert count["rows"] == 2
    assert store("count", "true", "--row", "999")[0] == 1
    assert "no customer has that customer_id" in store.err


WRONG = [
    ("ponts > 1", "RULE:1:1: customer has no attribute 'ponts'. Did you mean 'points'?"),
    ("points > 1 and\n  tier = 'x", "RULE:2:10:"),
    ("points > 1 and exists(orders, amont > 1)", "RULE:1:31: order has no attribute 'amont'"),
    ("exists(select 1)", "RULE:1:"),
    ("opened(letter)", "there is no message `letter`"),
    ("in_audience(vip)", "There is no saved audience 'vip'"),
]


@pytest.mark.parametrize(("rule", "said"), WRONG)
def test_a_wrong_rule_is_refused_at_its_place(store, rule, said):
    status, out = store("count", rule)
    assert (status, out) == (1, "")
    assert said in store.err


def test_a_wrong_value_and_a_wrong_dimension_are_refused_too(store):
    assert store("count", "true", "--by", "tier + 1")[0] == 1
    assert "--by:1:" in store.err
    assert store("count", "true", "--dimension", "custmer")[0] == 1
    assert "Did you mean 'customer'?" in store.err


PIECES = st.sampled_from(
    ["points", "email", "orders", "exists(", "count(", ")", "(", ",", "=", "> 1", "and", "or",
     "not", "'x'", "1", "select", "from", ";", "--", "/*", "union", "param.x", "row.points",
     "cheap()", "cheap(", "least => 5", "tier in (", "between", "is null", "null",
     "read_csv('/etc/passwd')",
     "date '2026-01-01'", "case when", "end", "opened(letter)", "in_audience(vip)", "||", "%", "\n"]
)  # fmt: skip


@pytest.fixture
def asking(store, monkeypatch):
    """The project, whose engine may not be asked."""
    text = FILTER.replace("§", "1").replace("loyal", "cheap")
    store.write("filters/cheap.yaml", text)
    project = store.project()
    assert set(project.definitions.filters) == {"cheap"}

    def never(*_):
        raise AssertionError("an engine was asked")

    monkeypatch.setattr(questions, "bind_entities", never)
    yield project
    project.store.close()


@settings(QUICK, max_examples=500)
@given(pieces=st.lists(PIECES, min_size=1, max_size=9))
def test_no_wrong_rule_reaches_an_engine(asking, pieces):
    rule = " ".join(pieces)
    try:
        question = understood(asking, rule)
    except FaultsFound as refused:
        (fault,) = refused.faults
        lines = rule.split("\n")
        assert fault.place.file == "RULE"
        assert 1 <= fault.place.line <= len(lines)
        assert 1 <= fault.place.column <= len(lines[fault.place.line - 1]) + 1
        assert fault.message
    else:
        assert not re.search(r"select|passwd|;", rule)
        assert question.found.sql()


FILTER = "{name: loyal, label: Loyal people, parameters: {least: {type: integer, default: §}},"
FILTER += " where: points >= param.least}\n"
CALLING = """\
name: autumn
schedule: asap
activities:
  people: {type: build_audience, where: loyal() and points > 2}
"""


def test_filters_name_the_campaigns_that_call_them(store):
    store.write("filters/loyal.yaml", FILTER.replace("§", "5"))
    store.write("filters/rich.yaml", "{name: rich, where: loyal() and sum(orders.amount) > 5}\n")
    store.write("campaigns/autumn.yaml", CALLING)
    loyal, rich = store.json("filters")
    assert (loyal["name"], loyal["files"], loyal["filters"]) == ("loyal", ["autumn"], ["rich"])
    assert (rich["files"], loyal["published"], loyal["drafts"]) == ([], [], [])
    assert store("apply", "autumn")[0] == 0, store.err
    assert store.json("filters", "loyal")[0]["drafts"] == [
        {"campaign": "autumn", "version": 1, "differs": False}
    ]
    assert store("publish", "autumn")[0] == 0, store.err
    store.write("filters/loyal.yaml", FILTER.replace("§", "7"))
    (found,) = store.json("filters", "loyal")
    assert found["published"] == [{"campaign": "autumn", "version": 1, "differs": True}]
    assert "with an older text" in store("filters", "loyal")[1]
    assert store("filters", "loyl")[0] == 1
    assert "Did you mean 'loyal'?" in store.err


def test_a_plan_says_what_an_edited_filter_does_and_a_version_keeps_the_old_one(store):
    store.write("filters/loyal.yaml", FILTER.replace("§", "5"))
    store.write("campaigns/autumn.yaml", CALLING)
    store.write("campaigns/other.yaml", CALLING.replace("autumn", "other"))
    assert store("apply", "autumn")[0] == 0, store.err
    assert store("publish", "autumn")[0] == 0, store.err
    assert not store.json("plan", "autumn")["changes"]
    store.write("filters/loyal.yaml", FILTER.replace("§", "9"))
    (plan,) = store.json("plan", "autumn")["campaigns"]
    assert plan["filters"] == [
        {"filter": "loyal", "activities": ["people"], "entered": 0, "left": 4,
         "also_used_by": ["other"]}
    ]  # fmt: skip
    assert "4 people less" in store("plan", "autumn")[1]
    store.run_clock()
    key = store.json("executions", "autumn")[0]["key"]
    kept = store.json("preview", "autumn", "people", "--execution", key)["transitions"]
    assert kept[0]["rows"] == 16
    assert store.json("preview", "autumn", "people")["transitions"][0]["rows"] == 12
    explained = store.json("explain", "autumn", "people", "--version", "1")["activities"][0]
    assert explained["rules"]["filter loyal"] == "points >= param.least"
    assert json.dumps(explained).count(">= 5") + json.dumps(explained).count(">= CAST(5") == 1


def test_why_shows_the_linked_rows_behind_the_rules_of_a_campaign(store, oracle):
    store.write("filters/big.yaml", "{name: big, dimension: order, where: amount > 40}\n")
    rule = "exists(orders, big()) and points >= 1"
    store.write("campaigns/autumn.yaml", CALLING.replace("loyal() and points > 2", "§"))
    file = store.folder / "campaigns/autumn.yaml"
    file.write_text(file.read_text().replace("where: §", f'where: "{rule}"'))
    assert store("apply", "autumn")[0] == 0, store.err
    steps = store.json("why", "autumn", "p6@a.example")["steps"]
    (found,) = [step["sentence"] for step in steps if step["what"] == "rule of 'people'"]
    keys = oracle.execute(
        "SELECT order_id FROM o WHERE customer_id = '6' AND amount > 40 ORDER BY 1"
    ).fetchall()
    assert keys
    assert found.startswith("exists(orders, big()): ")
    assert f"the first with order_id {keys[0][0]}, customer_id 6" in found
    assert "note n•••" in found


def test_the_columns_of_every_transition_are_known_before_any_run(store):
    found = {one["transition"]: one for one in store.json("preview", "spring")["transitions"]}
    shout = {"column": "shout", "type": "text", "personal": True}
    assert shout in found["known"]["schema"]
    assert shout in found["silent"]["schema"]
    assert (found["known"]["rows"], found["silent"]["rows"]) == (17, None)
    assert found["silent"]["reason"] == "it comes after a wait or a delivery"
    status, out = store("preview", "spring", "--schema")
    assert status == 0
    assert any(line.split() == ["silent", "shout", "text", "yes"] for line in out.splitlines())


def test_a_filter_file_is_validated_by_itself(store):
    store.write("filters/loyal.yaml", FILTER.replace("§", "5"))
    assert store("validate", "filters/loyal.yaml")[0] == 0
    store.write("filters/loyal.yaml", "{name: loyal, where: ponts > 5}\n")
    status, out = store("validate", "filters/loyal.yaml")
    assert status == 1
    assert out.startswith("filters/loyal.yaml:1:22: customer has no attribute 'ponts'")
    assert "filters/loyal.yaml" in store("validate")[1]
    assert store("format", "filters")[0] == 0
