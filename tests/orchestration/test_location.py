from dataclasses import replace

import dagster as dg

EXECUTION = "2026-11-23T08-00"


def test_a_segment_is_requested_run_and_reported(operations, run, instance):
    operations.start("winback", EXECUTION)

    (result,) = run()

    assert result.success
    assert result.job_def.name == "campaign_winback__v1"
    made = {m.asset_key.path[-1]: m for m in (e.materialization for e in materialised(result))}
    assert set(made) == {"lapsed", "cells__a", "cells__b", "offer__plan"}
    facts = made["cells__a"].metadata
    assert facts["mode"].value == "LIVE"
    assert facts["rows"].value == "10 in → 10 out"
    assert facts["dagster/row_count"].value == 10
    assert facts["excluded: no_address"].value == 2
    assert list(facts)[:2] == ["mode", "rows"]
    assert list(facts)[-1] == "sql"
    assert operations.segments[EXECUTION, "start"].state == "succeeded"


def test_a_run_worker_reads_one_version_and_nothing_else(operations, location, campaign):
    operations.publish(campaign(name="other"))

    job = location().get_job("campaign_winback__v1")

    assert operations.read == ["winback 1"]
    assert dg.AssetKey(["winback", "offer__plan"]) in job.asset_layer.selected_asset_keys


def test_the_location_shows_entities_campaigns_schedules_and_sensors(location):
    loaded = location()

    loaded.validate_loadable()
    keys = loaded.asset_graph.get_all_asset_keys()
    assert dg.AssetKey(["entities", "customer"]) in keys
    assert dg.AssetKey(["winback", "offer__report"]) in keys
    assert set(loaded.job_names) == {"campaign_winback__v1", "send", "__ASSET_JOB"}
    assert [s.name for s in loaded.schedule_defs] == ["campaign_winback"]
    assert {s.name for s in loaded.sensor_defs} == {"campaign_clock", "campaign_retargeting"}


def test_a_version_that_does_not_load_is_shown_and_the_others_are_served(
    operations, location, campaign
):
    operations.published["broken"] = 7

    loaded = location()

    assert "campaign_winback__v1" in loaded.job_names
    node = loaded.asset_graph.get(dg.AssetKey(["definition_errors"]))
    assert "campaign 'broken' has no version 7" in node.description


def test_a_campaign_whose_graph_dagster_refuses_is_shown_too(operations, location, campaign):
    good = campaign(name="twisted")
    first, second, *rest = good.activities
    operations.publish(
        replace(good, activities=(replace(first, inputs=("cells__a",)), second, *rest))
    )

    loaded = location()

    assert "campaign_winback__v1" in loaded.job_names
    node = loaded.asset_graph.get(dg.AssetKey(["definition_errors"]))
    assert "campaign_twisted__v1" in node.description


def materialised(result):
    return [
        event.step_materialization_data
        for event in result.all_events
        if event.event_type_value == "ASSET_MATERIALIZATION"
    ]
