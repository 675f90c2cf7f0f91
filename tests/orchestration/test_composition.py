"""Promises that no piece keeps alone: versions, the clock, the store and Dagster together."""

from dataclasses import replace

import dagster as dg

from campanile.operations.scheduling import clock


def test_a_waiting_execution_of_version_1_finishes_as_version_1_after_version_2_is_published(
    world, made
):
    execution = world.start()
    assert [result.success for result in world.run()] == [True]
    world.edit(
        "campaigns/winback.yaml",
        ("  keen: {type: filter, from: three_days, where: customer_id > 0}\n", ""),
        ("from: keen", "from: three_days"),
        ("complement: others", "complement: rest"),
        ("from: cells.others", "from: cells.rest"),
    )
    assert world.publish() == 2

    loaded = world.location()
    world.later(days=3, seconds=1)
    (result,) = world.run()

    loaded.validate_loadable()
    drawn = {name: drawn_by(loaded, name) for name in ("keen", "remember", "cells__others")}
    assert drawn == {"keen": 1, "remember": 2, "cells__others": 1}
    assert drawn_by(loaded, "cells__rest") == drawn_by(loaded, "cells__gold") == 2
    assert result.success
    assert result.job_def.name == "campaign_winback__v1"
    assert set(made(result)) == {"three_days", "keen", "remember"}
    assert world.segment(execution, "after__three_days").state == "succeeded"


def drawn_by(loaded, name):
    """The version that the graph shows an asset of."""
    return loaded.asset_graph.get(dg.AssetKey(["winback", name])).metadata["version"]


def test_one_request_that_does_not_fit_is_held_while_nine_good_ones_start(world, monkeypatch):
    executions = [world.start() for _ in range(10)]
    real = clock.segment_request

    def with_an_unknown_asset(row, compiled):
        request = real(row, compiled)
        assets = ("not_an_activity",) if row.execution_id == executions[4].id else request.assets
        return replace(request, assets=assets)

    monkeypatch.setattr(clock, "segment_request", with_an_unknown_asset)
    results = world.run()

    assert [result.success for result in results] == [True] * 9
    states = [world.segment(execution).state for execution in executions]
    assert states == ["succeeded"] * 4 + ["held"] + ["succeeded"] * 5
    held = world.segment(executions[4])
    assert held.reason == "Job campaign_winback__v1 has no asset not_an_activity."


def test_what_was_held_starts_by_itself_once_it_fits(world, monkeypatch):
    execution = world.start()
    real = clock.segment_request
    monkeypatch.setattr(
        clock, "segment_request", lambda row, compiled: replace(real(row, compiled), version=9)
    )
    assert world.run() == []
    assert "Version 9 of campaign 'winback' is not served" in world.segment(execution).reason

    monkeypatch.undo()
    (result,) = world.run()

    assert result.success


def test_a_committed_transition_is_reused_and_a_gate_refuses_to_open_early(world, made, failures):
    execution = world.start()
    world.run()
    committed = world.project.store.manifests.committed(execution.id)

    again = world.press_materialize(execution, ["lapsed", "cells__gold", "cells__others"])
    early = world.press_materialize(execution, ["three_days"])

    assert again.success
    assert all(facts["reused"].value.startswith("yes") for facts in made(again).values())
    assert world.project.store.manifests.committed(execution.id) == committed
    assert not early.success
    (sentence,) = failures(early)
    assert "wait 'three_days' until 2026-11-25 12:00 UTC" in sentence
    assert "cannot open it early" in sentence
    assert not [e for e in early.all_events if e.event_type_value == "STEP_UP_FOR_RETRY"]


def test_a_branch_not_reached_arms_no_wait_sends_nothing_and_saves_nothing(world, made):
    world.write("campaigns/branching.yaml", BRANCHING)
    world.publish("branching")
    (execution,) = world.project.store.executions.open_executions("branching")

    facts = {}
    while results := world.run():
        assert all(result.success for result in results)
        for result in results:
            facts |= made(result)

    assert facts["calm"]["dagster/row_count"].value == 8
    for name in ("letter__plan", "letter", "a_day", "keep", "tell"):
        assert facts[name]["dagster/row_count"].value == 0
        assert facts[name]["reached"].value.startswith("not reached: another branch was taken")
    assert world.project.store.gates.of_execution(execution.id) == ()
    assert world.project.store.deliveries.find("branching", execution.id, "letter") is None
    assert world.project.store.audiences.current() == {}
    assert world.project.store.executions.get(execution.id).status == "finished"


BRANCHING = """
    name: branching
    schedule: asap
    activities:
      all: {type: build_audience, where: customer_id > 0}
      size: {type: test, from: all, conditions: {many: count() > 1000}, default: few}
      letter: {type: email, from: size.many, template: winback, topic: offers, confirm: false}
      a_day: {type: wait, from: size.many, for: 1 day}
      keep: {type: save_audience, from: a_day, audience: many_people, mode: replace}
      tell: {type: alert, from: keep, title: Many, message: So many.}
      calm: {type: filter, from: size.few, where: customer_id > 0}
    """
