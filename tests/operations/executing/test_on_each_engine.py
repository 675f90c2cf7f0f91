"""A whole campaign on each engine: the same people, the same messages, the same audiences."""

from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest

from campanile.errors import EngineError, FaultsFound
from campanile.operations.executing.data import bind_entities, bind_input
from campanile.operations.rehearsing.previews import looking, preview
from campanile.operations.scheduling.housekeeping import keep_house
from campanile.operations.watching.entity_sheets import entity_sheets
from campanile.warehouse.sources import ParquetFiles

ENGINES = ["duckdb", "postgresql", "spark"]
QUICK = pytest.mark.parametrize("town", ["duckdb", "postgresql"], indirect=True)

CAMPAIGN = """
name: spring
schedule: asap
activities:
  buyers:
    type: build_audience
    where: >-
      exists(orders, amount >= 20 and placed_at >= days_ago(60))
      and count(orders) >= 1 and store.city = 'Nice'
  one_each: {type: deduplication, from: buyers, by: [lower(email)], order: [customer_id]}
  known:
    type: enrichment
    from: one_each
    add:
      total: sum(orders.amount)
      mark: coalesce(tier, 'none')
      city: store.city
  cells:
    type: split
    from: known
    subsets: {gold: {where: tier = 'gold'}, half: {limit: 50%}}
    complement: others
  offer: {type: email, from: cells.gold, template: hello, topic: offers, confirm: false}
  a_day: {type: wait, from: offer, for: 1 day}
  keen: {type: filter, from: a_day, where: clicked(offer)}
  keep: {type: save_audience, from: keen, audience: keen_ones}
"""
CUSTOMERS = 60


@pytest.fixture
def town(request, open_town, engine_of):
    """Customers, stores and orders loaded, on one engine."""
    made = open_town(engine_of(request.param).settings)
    made.load("store", "store_id,city\nn,Nice\np,Paris\n")
    made.load("customer", customers())
    made.load("order", orders())
    return made


def customers() -> str:
    rows = ["customer_id,email,email_ok,tier,store_id"]
    for n in range(1, CUSTOMERS + 1):
        tier = ("gold", "base", "")[n % 3]
        rows.append(f"{n},C{n % 50}@example.com,true,{tier},{'n' if n % 4 else 'p'}")
    return "\n".join(rows) + "\n"


def orders() -> str:
    rows = ["order_id,customer_id,amount,placed_at"]
    rows += [
        f"{n},{n % CUSTOMERS + 1},{n % 37},2026-{n % 10 + 2:02d}-{n % 27 + 1:02d} 10:00"
        for n in range(400)
    ]
    return "\n".join(rows) + "\n"


def tables(town) -> dict[str, list[tuple[object, ...]]]:
    """The rows of every committed table of the only execution, sorted."""
    project = town.project
    (execution,) = project.store.executions.of_campaign("spring")
    found = {}
    with project.warehouse.session() as session:
        for name, row in project.store.manifests.committed(execution.id).items():
            if row.path:
                found[name] = sorted(session.rows(bind_input(session, row, ())), key=str)
    return found


@pytest.fixture(scope="module")
def earlier() -> dict[str, object]:
    """What the engine before this one gave."""
    return {}


@pytest.mark.parametrize("town", ENGINES, indirect=True)
def test_a_whole_campaign_is_the_same_everywhere(town, earlier):
    town.publish("spring", CAMPAIGN)
    town.run()
    gold = {m.person for m in town.messages("spring", "offer") if m.state == "sent"}
    assert gold
    town.click("spring", "offer", set(sorted(gold)[::2]))
    town.clock.forward(days=1, minutes=1)
    town.run()
    (execution,) = town.project.store.executions.of_campaign("spring")
    assert execution.status == "finished"
    audience = town.project.store.audiences.current(["keen_ones"])["keen_ones"]
    found = {"tables": tables(town), "gold": gold, "kept": audience.rows}
    assert audience.rows == len(sorted(gold)[::2])
    assert found == earlier.setdefault("found", found)


@QUICK
def test_a_preview_reads_what_a_run_would_and_leaves_nothing_behind(town, earlier):
    town.write("spring", CAMPAIGN)
    with looking(town.project, "spring", None) as look:
        seen = preview(town.project, look, "known", rows=3)
        counts = {name: row.rows for name, row in look.rows.items()}
    assert len(seen[0].sample) == 3
    assert counts == earlier.setdefault("counts", counts)


@QUICK
def test_old_tables_are_deleted_and_current_ones_stay(town):
    town.publish("spring", CAMPAIGN)
    town.run()
    project = town.project
    (execution,) = project.store.executions.of_campaign("spring")
    rows = project.store.manifests.committed(execution.id)
    project.store.executions.fail(execution.id, by="test", reason="enough")
    later = town.clock() + project.keep_tables + timedelta(days=1)
    assert keep_house(project, later).executions == 1
    with project.warehouse.session() as session:
        with pytest.raises(EngineError):
            session.bind("gone", ParquetFiles((str(rows["known"].path),), pinned=True))
        pins = project.store.entities.pins()
        assert bind_entities(project, session, pins)


# ── tables of the company's own database ────────────────────────────────────────────────────────

TABLES = """
entities:
  customer: {source: {table: crm.customers}, key: customer_id}
  order:
    source: {table: crm.orders}
    key: order_id
    links: {customer: {to: customer, match: {customer_id: customer_id}, back: orders}}
dimensions:
  customer: {default: true, addresses: {email: email}}
"""
BUYERS = """
name: buyers
schedule: asap
activities:
  buyers: {type: build_audience, where: "exists(orders, amount > 5) and born < date '2000-01-01'"}
  keep: {type: save_audience, from: buyers, audience: buyers}
"""


@pytest.fixture
def company(database_url):
    """A database with a schema of its own; yields the connection."""
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("CREATE SCHEMA crm")
    cursor.execute(
        "CREATE TABLE crm.customers (customer_id integer PRIMARY KEY, email varchar(80), born date,"
        " joined timestamptz, balance numeric(9, 2), extra jsonb)"
    )
    cursor.execute(
        "CREATE TABLE crm.orders (order_id bigint PRIMARY KEY, customer_id smallint, amount real)"
    )
    cursor.execute(
        "INSERT INTO crm.customers SELECT n, 'c' || n || '@x.example', date '1990-01-01' + n * 400,"
        " timestamptz '2026-07-01 09:00+02', n, '{}' FROM generate_series(1, 20) n"
    )
    cursor.execute("INSERT INTO crm.orders SELECT n, n % 7, n FROM generate_series(1, 30) n")
    yield cursor
    cursor.execute("DROP SCHEMA crm CASCADE")
    connection.close()


def source_settings(engine, url) -> str:
    if engine == "postgresql":
        return f'warehouse: {{engine: postgresql, location: "{url}", schema: campanile_own}}'
    return f'databases: {{crm: {{location: "{url}"}}}}'


@pytest.mark.parametrize("engine", ["duckdb", "postgresql"])
def test_tables_of_the_company_are_read_in_place_or_copied(
    engine, open_town, company, database_url
):
    town = open_town(source_settings(engine, database_url), TABLES)
    town.publish("buyers", BUYERS)
    town.run()
    audience = town.project.store.audiences.current(["buyers"])["buyers"]
    assert audience.rows == 6
    (sheet, _) = entity_sheets(town.project)
    assert (sheet.rows, sheet.pinned) == (20, engine == "duckdb")
    segments = town.project.store.segments
    (execution,) = town.project.store.executions.of_campaign("buyers")
    (row,) = segments.of_execution(execution.id)
    assert row.pins["live"] == ([] if engine == "duckdb" else ["customer", "order"])


def renamed(name):
    return BUYERS.replace("name: buyers", f"name: {name}").replace(
        "audience: buyers", f"audience: {name}"
    )


def test_a_copy_serves_for_a_while_and_is_made_anew_then(open_town, company, database_url):
    town = open_town(source_settings("duckdb", database_url), TABLES)
    town.publish("buyers", BUYERS)
    town.run()
    company.execute("INSERT INTO crm.orders VALUES (99, 0, 99)")
    versions = town.project.store.entities.pins()
    town.clock.forward(minutes=9)
    town.publish("again", renamed("again"))
    town.run()
    assert town.project.store.entities.pins() == versions
    town.clock.forward(minutes=2)
    town.publish("third", renamed("third"))
    town.run()
    assert town.project.store.entities.pins() == {"customer": 2, "order": 2}
    assert Path(town.project.store.entities.version("order", 2).paths[0]).exists()


def test_a_table_in_no_known_database_is_refused_with_its_place(open_town, database_url):
    with pytest.raises(FaultsFound) as caught:
        open_town("", TABLES)
    assert "catalog/town.yaml:3:14: no database is known that holds the table `crm.customers`" in (
        str(caught.value)
    )
    assert "warehouse:" in str(caught.value)
    settings = 'databases: {a: {location: "postgresql://x/a"}, b: {location: "postgresql://x/b"}}'
    with pytest.raises(FaultsFound, match="several databases are known"):
        open_town(settings, TABLES)
    with pytest.raises(FaultsFound, match="there is no database `c` under `databases:`"):
        open_town(settings, TABLES.replace("table: crm.c", "database: c, table: crm.c"))
