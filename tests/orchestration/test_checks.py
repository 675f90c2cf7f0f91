"""Checks in Dagster: shown at the asset, held by our store, and no run hangs on them."""

import dagster as dg

CHECKED = """
    name: checked
    schedule: asap
    activities:
      lapsed:
        type: build_audience
        checks:
          - hold: count() > 100
          - warn: count(tier = 'gold') > 5
      rest: {type: filter, from: lapsed, where: tier = 'gold'}
      letter:
        type: email
        from: rest
        template: winback
        topic: offers
        confirm: false
        checks: [hold: count() > 1]
    """


def found(result):
    """What the asset checks of a run found: name to (passed, severity)."""
    return {
        f"{each.asset_key.path[-1]}:{each.check_name}": (each.passed, each.severity.value)
        for each in result.get_asset_check_evaluations()
    }


def test_a_held_segment_shows_its_checks_ends_in_red_and_goes_on_once_approved(world, made):
    world.write("campaigns/checked.yaml", CHECKED)
    world.publish("checked")
    (execution,) = world.project.store.executions.open_executions("checked")

    (held,) = world.run()

    assert not held.success
    assert found(held) == {"lapsed:hold_1": (False, "ERROR"), "lapsed:warn_2": (False, "WARN")}
    assert set(made(held)) == {"lapsed"}
    sentence = made(held)["lapsed"]["check 1 (hold)"].value
    assert sentence == "`count() > 100` does not hold: count() is 8"
    assert world.project.store.executions.get(execution.id).status == "held"
    assert world.run() == []

    world.project.store.check_holds.approve(execution.id, by="ada", reason="a new shop")
    (released,) = world.run()

    assert released.success
    assert {"rest", "letter__plan"} <= set(made(released))
    assert found(released)["letter__plan:hold_1"] == (True, "ERROR")


def test_no_check_blocks_in_dagster(world):
    world.write("campaigns/checked.yaml", CHECKED)
    world.publish("checked")

    graph = world.location().asset_graph
    keys = graph.asset_check_keys
    assert {key.name for key in keys if isinstance(key, dg.AssetCheckKey)} >= {"hold_1", "warn_2"}
    assert not any(graph.get_check_spec(key).blocking for key in keys)
