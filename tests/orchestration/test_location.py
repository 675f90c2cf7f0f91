import dagster as dg
import pytest

from campanile.errors import ConfigurationError
from campanile.orchestration import location as location_module
from campanile.orchestration.location import CampaignLocation
from campanile.store.campaign_tables import campaign_version


def test_a_segment_is_requested_run_and_reported(world, made):
    execution = world.start()

    (result,) = world.run()

    assert result.success
    assert result.job_def.name == "campaign_winback__v1"
    facts = made(result)
    assert set(facts) == {"lapsed", "cells__gold", "cells__others", "offer__plan"}
    gold = facts["cells__gold"]
    assert gold["mode"].value == "LIVE"
    assert gold["rows"].value == "8 in → 3 out"
    assert gold["dagster/row_count"].value == 3
    assert gold["reached"].value == "yes"
    assert [c.name for c in gold["dagster/column_schema"].value.columns] == ["customer_id"]
    assert list(gold)[:2] == ["mode", "rows"]
    assert list(gold)[-1] == "sql"
    assert facts["offer__plan"]["targeted"].value == 3
    assert world.segment(execution).state == "succeeded"


def test_metadata_holds_no_row_of_anybody(world, made):
    world.start()

    (result,) = world.run()

    assert "shop.example" not in str(made(result))
    assert "'gold'" not in made(result)["cells__gold"]["sql"].value


def test_a_run_worker_reads_one_version_and_nothing_else(world, monkeypatch):
    def everything(*_):
        raise AssertionError("the whole location was loaded")

    monkeypatch.setattr(CampaignLocation, "_load_everything", everything)
    read = []
    monkeypatch.setattr(
        location_module,
        "get_version",
        lambda project, *version: read.append(version) or original(project, *version),
    )
    world.instance.add_dynamic_partitions("execution__winback", [world.start().key])
    (execution,) = world.project.store.executions.open_executions()

    result = world.press_materialize(execution, ["lapsed"])

    assert result.success
    assert set(read) == {("winback", 1)}


original = location_module.get_version


def test_the_location_shows_entities_campaigns_schedules_and_sensors(world):
    loaded = world.location()

    loaded.validate_loadable()
    keys = loaded.asset_graph.get_all_asset_keys()
    assert dg.AssetKey(["customer"]) in keys
    assert dg.AssetKey(["winback", "offer__report"]) in keys
    assert (
        dg.AssetKey(["customer"])
        in loaded.asset_graph.get(dg.AssetKey(["winback", "lapsed"])).parent_keys
    )
    assert set(loaded.job_names) == {"campaign_winback__v1", "send", "__ASSET_JOB"}
    assert [s.name for s in loaded.schedule_defs] == ["campaign_winback"]
    assert {s.name for s in loaded.sensor_defs} == {
        "campaign_clock",
        "campaign_retargeting",
        "campaign_housekeeping",
    }


def test_an_asset_tells_what_it_is_and_who_owns_it(world):
    node = world.location().asset_graph.get(dg.AssetKey(["winback", "lapsed"]))

    assert node.group_name == "winback"
    assert node.owners == ["crm@shop.example"]
    assert "winter" in node.tags
    assert node.kinds == {"build_audience", "duckdb"}
    assert "Everybody." in node.description
    assert node.code_version


def test_a_wait_says_how_long(world):
    node = world.location().asset_graph.get(dg.AssetKey(["winback", "three_days"]))

    assert "Waits for 3 days." in node.description


def test_outputs_of_one_activity_are_made_together_or_not_at_all(world):
    graph = world.location().asset_graph

    together = graph.get(dg.AssetKey(["winback", "cells__gold"])).execution_set_entity_keys

    assert {key.path[-1] for key in together} == {"cells__gold", "cells__others"}


def test_a_version_that_does_not_load_is_shown_and_the_others_are_served(world):
    world.write("campaigns/second.yaml", SECOND)
    world.publish("second")
    with world.project.store.databases["control"].write() as connection:
        damaged = campaign_version.update().where(campaign_version.c.campaign == "second")
        connection.execute(damaged.values(compiled={"language_version": 99}))

    loaded = world.location()

    assert "campaign_winback__v1" in loaded.job_names
    assert "campaign_second__v1" not in loaded.job_names
    node = loaded.asset_graph.get(dg.AssetKey(["definition_errors"]))
    assert "compiled with language version 99" in node.description


def test_a_project_that_does_not_open_is_shown(world):
    def broken():
        raise ConfigurationError("no campanile.yaml here.")

    loaded = dg.RepositoryDefinition(
        "campaigns", repository_data=CampaignLocation(broken, lambda: "x")
    )

    loaded.validate_loadable()
    node = loaded.asset_graph.get(dg.AssetKey(["definition_errors"]))
    assert "no campanile.yaml here." in node.description


def test_a_store_of_another_dagster_instance_is_not_served(world):
    world.location().load_all_definitions()
    other = dg.RepositoryDefinition(
        "campaigns", repository_data=CampaignLocation(world.open, lambda: "another")
    )

    assert other.job_names == []
    assert other.sensor_defs == []
    node = other.asset_graph.get(dg.AssetKey(["definition_errors"]))
    assert "this one is another" in node.description


def test_a_draft_has_a_canvas_and_executions_of_its_own(world):
    world.edit("campaigns/winback.yaml", ("customer_id > 0, note", "customer_id > 1, note"))
    world.save()
    execution = world.start(mode="test")

    loaded = world.location()
    (request,) = world.tick().run_requests

    assert request.job_name == "campaign_winback__draft__v2"
    assert dg.AssetKey(["winback__draft", "lapsed"]) in request.asset_selection
    assert dg.AssetKey(["winback", "lapsed"]) in loaded.asset_graph.get_all_asset_keys()
    assert world.instance.get_dynamic_partitions("execution__winback") == []
    assert world.instance.get_dynamic_partitions("execution__winback__draft") == [execution.key]


@pytest.mark.parametrize("job", ["campaign_winback__v1", "__ASSET_JOB"])
def test_assets_of_a_segment_can_be_materialised_by_hand(world, made, job):
    execution = world.start()
    world.instance.add_dynamic_partitions("execution__winback", [execution.key])

    result = world.press_materialize(execution, ["lapsed", "cells__gold", "cells__others"], job)

    assert result.success
    assert made(result)["cells__others"]["dagster/row_count"].value == 5


SECOND = """
    name: second
    activities:
      all: {type: build_audience, where: customer_id > 0}
    """
