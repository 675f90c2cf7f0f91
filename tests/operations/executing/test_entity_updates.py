"""Update data: the next version of an entity comes with the activity's rows, once."""

import pytest
from tests.operations.deaths import Killed, kill

from campanile.errors import FaultsFound
from campanile.operations.authoring.versions import apply_campaign, start_execution
from campanile.operations.entities.loading import consents
from campanile.operations.executing import entity_updates
from campanile.operations.scheduling.clock import run_ended, started_runs
from campanile.store.manifests import Manifests
from campanile.warehouse.session import DuckDBSession
from campanile.warehouse.sources import ParquetFiles

LOWER = """
name: lower
schedule: asap
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  silver: {type: update_data, from: gold, entity: customer, mode: update, set: {tier: "'silver'"}}
  told: {type: alert, from: silver, title: Done, message: They are silver now.}
"""
REMOVE = LOWER.replace("""mode: update, set: {tier: "'silver'"}""", "mode: delete")


def tiers(town):
    """The tier of every customer as the newest version has it."""
    found = town.project.store.entities.current(["customer"])["customer"]
    with town.project.lake.session() as session:
        session.bind("now", ParquetFiles(tuple(found.paths)))
        rows = session.relation("now").select(["customer_id", "tier"])
        return {int(str(key)): str(tier) for key, tier in sorted(session.rows(rows))}


def version(town):
    return town.project.store.entities.current(["customer"])["customer"].version


def test_an_entity_is_changed_once_and_what_follows_has_the_rows(town):
    before = version(town)
    town.publish("lower", LOWER)
    town.run()
    town.run()

    assert [key for key, tier in tiers(town).items() if tier == "silver"] == [1, 2, 3]
    assert len(tiers(town)) == 10
    assert version(town) == before + 1
    assert (town.rows("lower.silver"), town.rows("lower.silver.rejects")) == (3, 0)
    assert town.outputs["lower.silver"].details["updated"] == 3
    entry = next(e for e in town.project.store.audit.entries() if e.action == "update")
    assert (entry.object, entry.details["version"]) == ("entity:customer", before + 1)


def test_rows_are_removed(town):
    town.publish("lower", REMOVE)
    town.run()

    assert sorted(tiers(town)) == list(range(4, 11))
    assert town.outputs["lower.silver"].details["deleted"] == 3


def test_nothing_to_change_is_no_version(town):
    before = version(town)
    town.publish("lower", LOWER.replace("'silver'", "'gold'"))
    town.run()

    assert version(town) == before
    assert town.outputs["lower.silver"].details["unchanged"] == 3


def test_a_load_that_comes_between_loses_nothing(town, monkeypatch):
    real = Manifests.commit_outputs
    town.publish("lower", LOWER)
    came = []

    def late(self, *given, effects=(), **named):
        if effects and not came:
            came.append(town.load("customer", "customer_id,tier\n11,gold\n4,gold\n"))
        return real(self, *given, effects=effects, **named)

    monkeypatch.setattr(Manifests, "commit_outputs", late)
    town.run()

    found = tiers(town)
    assert [key for key, tier in found.items() if tier == "silver"] == [1, 2, 3]
    assert (found[4], found[11], len(found)) == ("gold", "gold", 11)


@pytest.mark.parametrize(
    ("owner", "method", "nth", "after"),
    [
        (DuckDBSession, "write", 2, True),
        (DuckDBSession, "write", 4, True),
        (Manifests, "commit_outputs", 2, False),
        (Manifests, "commit_outputs", 2, True),
    ],
)
def test_it_is_written_once_whoever_dies_where(town, monkeypatch, owner, method, nth, after):
    before = version(town)
    town.publish("lower", LOWER.replace("tier = 'gold'", "customer_id <= 3"))
    calls = kill(monkeypatch, owner, method, nth=nth, after=after)
    with pytest.raises(Killed):
        town.run()
    for started in started_runs(town.project):
        run_ended(town.project, started, "failure")
    town.run()

    assert len(calls) > nth
    assert version(town) == before + 1
    assert [key for key, tier in tiers(town).items() if tier == "silver"] == [1, 2, 3]


def test_consent_is_recorded_before_the_rows_and_only_where_it_changes(town, monkeypatch):
    said = []

    def heard(self, changes):
        found = list(changes)
        said.extend((change.decision, change.at) for change in found)
        return len(found)

    monkeypatch.setattr(type(town.project.store.consents), "record", heard)
    assert consents.record_consents is entity_updates.record_consents
    set_ = "set: {tier: \"'silver'\", email_ok: customer_id > 1}"
    town.publish("lower", LOWER.replace("""set: {tier: "'silver'"}""", set_))
    town.run()

    assert said == [("out", town.clock())]


def test_a_test_changes_nothing(town):
    before = version(town)
    town.write("lower", LOWER)
    apply_campaign(town.project, "lower", actor="test")
    start_execution(town.project, "lower", kind="test", mode="test", actor="test")
    town.run()

    assert version(town) == before
    assert town.rows("lower.silver") == 3


@pytest.mark.parametrize(
    ("options", "column", "words"),
    [
        ("entity: custmer, mode: delete", 43, "Did you mean 'customer'?"),
        ("entity: stock, mode: delete", 43, "belongs to another system"),
        ("entity: customer, mode: update", 67, "`set` is missing"),
        ("""entity: customer, mode: update, set: {tier: "'silver"}""", 88, "not understood"),
        ("entity: customer, mode: update, set: {tier: email_ok}", 81, "tier is text"),
        ("entity: customer, mode: update, set: {teir: tier}", 81, "no attribute 'teir'"),
        ("entity: customer, mode: update, set: {customer_id: '1'}", 81, "cannot be changed"),
        ("entity: customer, match: {emial: email}, set: {customer_id: '1'}", 69, "'emial'"),
        ("entity: customer, match: {email: emial}, set: {customer_id: '1'}", 76, "'emial'"),
        ("entity: customer, match: {email: email}", 3, "no 'customer_id'"),
        ("entity: store, mode: delete", 3, "no column 'store_id'"),
    ],
)
def test_a_mistake_is_found_where_it_stands(town, options, column, words):
    catalog = town.project.folder / "catalog" / "town.yaml"
    stock = "stock: {source: {files: stock.csv}, key: sku, columns: {sku: text}}"
    catalog.write_text(catalog.read_text().replace("entities:\n", f"entities:\n  {stock}\n"))
    written = """entity: customer, mode: update, set: {tier: "'silver'"}"""
    town.write("lower", LOWER.replace(written, options))
    with pytest.raises(FaultsFound) as refused:
        apply_campaign(town.project, "lower", actor="test")
    (fault,) = refused.value.faults
    assert words in str(fault)
    assert str(fault.place) == f"campaigns/lower.yaml:6:{column}"
