"""Entities read from files and databases that the company already has."""

import duckdb
import pytest

from campanile.errors import FaultsFound
from campanile.settings.project import open_project

CAMPAIGN = """
name: big
schedule: asap
activities:
  found: {type: build_audience, where: "exists(visits, minutes > 5)"}
"""
CATALOG = """
entities:
  visit:
    source: {SOURCE}
    key: visit_id
    links: {who: {to: customer, match: {customer_id: customer_id}, back: visits}}
"""
ROWS = (
    "SELECT * FROM (VALUES (1, 1, 3.5), (2, 2, 7.0), (3, 2, 9.0)) t(visit_id, customer_id, minutes)"
)


@pytest.mark.parametrize("kind", ["parquet", "csv", "duckdb"])
def test_a_registered_source_needs_no_columns_and_no_loading(town, kind):
    folder = town.project.folder
    source = {
        "parquet": "{files: data/visits/*.parquet}",
        "csv": "{files: data/visits/*.csv}",
        "duckdb": "{duckdb: data/visits/web.db, table: visits}",
    }[kind]
    (folder / "data" / "visits").mkdir(parents=True)
    path = folder / "data" / "visits" / f"a.{kind}"
    if kind == "duckdb":
        with duckdb.connect(str(folder / "data" / "visits" / "web.db")) as connection:
            connection.execute(f"CREATE TABLE visits AS {ROWS}")
    else:
        duckdb.execute(f"COPY ({ROWS}) TO '{path}'")
    (folder / "catalog" / "visits.yaml").write_text(CATALOG.replace("{SOURCE}", source))
    town.project = open_project(folder, clock=town.clock, environment={})

    town.publish("big", CAMPAIGN)
    town.run()

    assert town.rows("big.found") == 1
    execution = town.project.store.executions.of_campaign("big")[0]
    (segment,) = town.project.store.segments.of_execution(execution.id)
    assert segment.pins["live"] == ["visit"]


def test_rules_over_a_registered_source_are_checked_against_its_columns(town):
    folder = town.project.folder
    (folder / "data").mkdir()
    duckdb.execute(f"COPY ({ROWS}) TO '{folder / 'data' / 'a.parquet'}'")
    text = CATALOG.replace("{SOURCE}", "{files: data/*.parquet}")
    (folder / "catalog" / "visits.yaml").write_text(text)
    town.project = open_project(folder, clock=town.clock, environment={})

    with pytest.raises(FaultsFound, match=r"campaigns/big.yaml:5:.*minuts.*Did you mean 'minutes'"):
        town.publish("big", CAMPAIGN.replace("minutes", "minuts"))
