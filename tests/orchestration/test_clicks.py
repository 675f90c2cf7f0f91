"""What docs/how-to/dagster-ui.md says of each click, done."""

import dagster as dg
import pytest

from campanile.orchestration import session


@pytest.fixture
def instance():
    with dg.instance_for_test() as on_disk:  # wiping needs a storage of its own
        yield on_disk


def test_a_partition_added_by_hand_is_no_execution(world, failures):
    execution = world.start()
    world.instance.add_dynamic_partitions("execution__winback", ["mine"])

    pressed = (
        world.location()
        .get_job("campaign_winback__v1")
        .execute_in_process(
            instance=world.instance,
            partition_key="mine",
            asset_selection=[dg.AssetKey(["winback", "lapsed"])],
            raise_on_error=False,
        )
    )

    assert not pressed.success
    assert "no execution" in failures(pressed)[0]
    assert world.committed(execution) == set()


def test_outputs_of_a_delivery_cannot_be_made_before_it_is_done(world, failures):
    execution = world.start()
    world.run()

    pressed = world.press_materialize(execution, ["offer", "offer__excluded", "offer__failed"])

    assert not pressed.success
    assert "cannot open it early" in failures(pressed)[0]


def test_wiping_an_asset_takes_nothing_from_the_execution(world):
    execution = world.start()
    world.run()
    before = world.project.store.manifests.committed(execution.id)

    world.instance.wipe_assets([dg.AssetKey(["winback", "lapsed"])])

    assert world.project.store.manifests.committed(execution.id) == before
    world.later(days=3, seconds=1)
    assert [result.success for result in world.run()] == [True]


def test_a_failed_run_executed_again_is_refused_once_the_clock_has_taken_over(
    world, monkeypatch, failures
):
    world.start()
    (request,) = world.tick().run_requests

    def fails(run, activity, part):
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(session, "run_activity", fails)
        assert not world.execute(request).success
    (again,) = world.run()
    assert again.success

    by_hand = world.execute(request)

    assert not by_hand.success
    assert "attempt" in failures(by_hand)[0]


def test_a_slot_whose_schedule_is_off_is_taken_by_the_clock(world):
    world.later(hours=20, minutes=1)  # Monday 09:01 in Paris

    (request,) = world.tick().run_requests

    assert request.partition_key == "2026-11-23T08-00"


def test_a_slot_nobody_took_for_more_than_six_hours_is_held(world):
    world.later(hours=27)

    assert world.tick().run_requests == []
    (execution,) = world.project.store.executions.open_executions()
    assert execution.status == "held"


def test_while_the_clock_is_off_all_stands_still_and_then_goes_on_where_it_was(world):
    execution = world.start()
    world.later(hours=3)  # nothing ticks
    assert world.segment(execution).state == "ready"
    assert world.committed(execution) == set()

    assert [result.success for result in world.run()] == [True]


def test_a_selection_across_campaigns_is_answered_like_materialize(world, made, failures):
    execution = world.start()
    world.run()

    again = world.press_materialize(execution, ["lapsed"], job="__ASSET_JOB")
    early = world.press_materialize(execution, ["keen"], job="__ASSET_JOB")

    assert again.success
    assert "reused" in str(made(again)["lapsed"])
    assert not early.success
    assert "cannot open it early" in failures(early)[0]


def test_while_housekeeping_is_off_runs_stay(world):
    old = dg.DagsterRun("campaign_winback__v1", status=dg.DagsterRunStatus.SUCCESS)
    world.instance.add_run(old)
    world.later(days=4000)

    world.tick()
    world.tick("campaign_retargeting")

    assert world.instance.get_run_by_id(old.run_id) is not None
