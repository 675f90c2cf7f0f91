"""A test of every type of activity leaves the whole project as it was, but for its own rows.

The campaigns are the examples of the types, so that a type that is new is tried at once. What the
same campaign changes when it is live shows that there was something to be seen.
"""

from collections import Counter

import pytest
from sqlalchemy import select

from campanile.activities import ACTIVITIES
from campanile.activities.effects import Effect
from campanile.campaigns.simulation import Assumption, Simulation
from campanile.operations.authoring.versions import apply_campaign, publish, start_execution
from campanile.operations.executing.withheld import SENTENCES
from campanile.store.migration import METADATA

CATALOG = """
entities:
  customer:
    source: {loaded: true}
    key: customer_id
    columns: {customer_id: integer, email: text, email_ok: boolean, tier: text, store_id: text,
      first_name: text, last_seen: timestamp, birth_date: date, updated_at: timestamp}
    links: {store: {to: store, match: {store_id: store_id}, back: customers}}
  store: {source: {loaded: true}, key: store_id, columns: {store_id: text, city: text}}
  order:
    source: {loaded: true}
    key: order_id
    columns: {order_id: integer, customer_id: integer, amount: number, placed_at: timestamp,
      status: text}
    links: {customer: {to: customer, match: {customer_id: customer_id}, back: orders}}
  contract:
    source: {loaded: true}
    key: contract_id
    columns: {contract_id: integer, customer_id: integer, status: text, end_date: date,
      billing_email: text}
    links: {customer: {to: customer, match: {customer_id: customer_id}, back: contracts}}
dimensions:
  customer: {default: true, addresses: {email: email}, consent: {email: email_ok}}
  contract: {recipient: customer}
"""
CUSTOMERS = """customer_id,email,email_ok,tier,store_id,first_name,last_seen,birth_date,updated_at
1,c1@example.com,true,gold,n,Ada,2026-11-01 00:00:00,1990-01-01,2026-01-01 00:00:00
2,c2@example.com,true,gold,p,Ben,2026-11-02 00:00:00,1991-01-01,2026-01-01 00:00:00
3,c3@example.com,true,silver,n,Cyd,2026-11-03 00:00:00,1992-01-01,2026-01-01 00:00:00
"""
CONTRACTS = """contract_id,customer_id,status,end_date,billing_email
1,1,active,2026-11-30,c1@example.com
"""
LEADS = "E-Mail;visited_on;interest;email\na@x.fr;24/12/2026;A;a@x.fr\n"
OWN = ("execution", "segment", "gate", "manifest", "audit")  # tables with rows of an execution
LIVE_ONLY = {  # types whose example changes something beyond its own rows when it is live
    "incremental_query",
    "read_audience",
    "save_audience",
    "update_data",
    "extract_file",
    "transfer_file",
    "email",
    "end",
}
PASSING = ("tmp", "templates", "clock.tick", "housekept")  # `templates` copies a version's own
FIRST = """
name: first
schedule: asap
activities:
  everybody: {type: build_audience}
  keep: {type: save_audience, from: everybody, audience: never_bought, columns: {town: store.city}}
  offer: {type: email, from: everybody, template: welcome/offer, topic: offers, confirm: false}
"""


@pytest.fixture
def shop(open_town):
    town = open_town(catalog=CATALOG)
    own = town.project.places.own
    own.mkdir(parents=True, exist_ok=True)
    (own / "inbox").mkdir(exist_ok=True)
    for name in ("leads-1.csv", "inbox/leads-1.csv"):
        (own / name).write_text(LEADS)
    template = (town.project.folder / "templates/hello/email.html").read_text()
    for name in ("offer", "gold"):
        file = town.project.folder / f"templates/welcome/{name}/email.html"
        file.parent.mkdir(parents=True)
        file.write_text(template)
    town.load("store", "store_id,city\nn,Nice\np,Paris\n")
    town.load("customer", CUSTOMERS)
    town.load("contract", CONTRACTS)
    town.publish("first", FIRST)
    town.run()
    town.click("first", "offer", {"1"})
    return town


def draft(town, kind):
    """The example of a type as a campaign that is applied."""
    schedule = "{every: month, days: [1], at: '03:00'}"
    if kind.name == "incoming":
        schedule = "{on_feedback: first.offer, event: clicked, every: 1 minute}"
    name = f"try_{kind.name}"
    example = kind.example.replace("from: lapsed, audience: never_bought", f"audience: {name}")
    example = example.replace("type: save_audience", "type: save_audience, from: lapsed")
    example = example.replace("\n", "\n  ")
    town.write(name, f"name: {name}\nschedule: {schedule}\nactivities:\n  {example}")
    apply_campaign(town.project, name, actor="test")
    (town.project.folder / "campaigns" / f"{name}.yaml").unlink()  # the next one is read quicker
    return name


def rows(town):
    """Every row of every table of the store, as text."""
    found = Counter()
    for area, metadata in METADATA.items():
        with town.project.store.databases[area].read() as connection:
            for table in metadata.sorted_tables:
                for row in connection.execute(select(table)).mappings():
                    found[table.name, str(dict(row))] += 1
    return found


def files(town):
    """Every file of the project and its data with its state, but databases and what is in hand."""
    project = town.project
    assert project.state.is_relative_to(project.folder)
    passing = tuple(str(project.state / name) for name in PASSING)
    return {
        (str(path), path.stat().st_mtime_ns)
        for path in project.folder.rglob("*")
        if not str(path).startswith(passing) and ".sqlite" not in path.name and path.is_file()
    }


def foreign(town, before, execution):
    """What there is now beside what was, that is no row or file of the execution."""
    own = (f"'execution_id': {execution.id},", f"{{'id': {execution.id},", execution.key)
    changed = [
        (table, row)
        for table, row in (rows(town) - before[0]) + (before[0] - rows(town))
        if table not in OWN or not any(mark in row for mark in own)
    ]
    moved = [path for path, _ in files(town) ^ before[1] if execution.key not in path]
    return changed + moved


def test_a_test_of_any_type_leaves_everything_as_it_was(shop):
    found = {}
    for kind in ACTIVITIES:
        name = draft(shop, kind)
        shop.run()
        before = rows(shop), files(shop)
        told = Simulation(assumed=(Assumption.read("clicked 50%"),))
        execution = start_execution(
            shop.project, name, kind="test", mode="test", simulation=told, actor="test"
        )
        shop.run()
        ended = shop.project.store.executions.get(execution.id)
        assert ended.status == "finished", (kind.name, ended.reason)
        if changed := foreign(shop, before, execution):
            found[kind.name] = changed
    assert found == {}


def test_the_same_campaigns_change_something_when_they_are_live(shop):
    found = set()
    for kind in ACTIVITIES:
        if kind.name not in LIVE_ONLY:
            continue
        name = draft(shop, kind)
        publish(shop.project, name, actor="test")
        before = rows(shop), files(shop)
        execution = start_execution(shop.project, name, kind="manual", actor="test")
        shop.run()
        if any(not isinstance(one, tuple) or one[0] != "campaign"
               for one in foreign(shop, before, execution)):  # fmt: skip
            found.add(kind.name)
    assert found == LIVE_ONLY


def test_every_effect_has_a_sentence():
    assert set(SENTENCES) == set(Effect.__args__)
