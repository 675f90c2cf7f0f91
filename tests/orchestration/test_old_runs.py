"""Runs of a real instance, looked at from three months later."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster import DagsterRun, DagsterRunStatus

from campanile.orchestration.old_runs import forget_old_runs


@pytest.fixture
def later() -> datetime:
    return datetime.now(UTC) + timedelta(days=91)


def add(world, status=DagsterRunStatus.SUCCESS, job="winback", **tags) -> str:
    run = DagsterRun(
        job, status=status, tags={key.replace("__", "/"): v for key, v in tags.items()}
    )
    world.instance.add_run(run)
    return run.run_id


def left(world) -> set[str]:
    return {run.run_id for run in world.instance.get_runs()}


def test_runs_that_ended_long_ago_are_deleted_with_their_events(world, later):
    done = add(world)
    world.instance.report_engine_event("hello", world.instance.get_run_by_id(done))

    assert forget_old_runs(world.project, world.instance, later) == 1

    assert left(world) == set()
    assert world.instance.all_logs(done) == []


def test_young_runs_and_those_under_way_stay(world, later):
    young = add(world)
    assert forget_old_runs(world.project, world.instance, later - timedelta(days=2)) == 0
    assert left(world) == {young}

    under_way = [
        add(world, status) for status in (DagsterRunStatus.STARTED, DagsterRunStatus.STARTING)
    ]
    forget_old_runs(world.project, world.instance, later)
    assert left(world) == set(under_way)


def test_runs_of_a_live_execution_stay_until_it_is_over(world, later):
    execution = world.start()
    mine = add(world, job="campaign_winback__v1", dagster__partition=execution.key)
    old = add(world, job="campaign_winback__v1", dagster__partition="manual-2020-01-01T00-00-00")

    assert forget_old_runs(world.project, world.instance, later) == 1
    assert left(world) == {mine}

    world.project.store.executions.stop(execution.id, by="test", reason="over")
    assert forget_old_runs(world.project, world.instance, later + timedelta(days=2)) == 1
    assert old not in left(world)


def test_send_runs_of_a_live_execution_stay(world, later):
    execution = world.start()
    world.run()
    (delivery,) = world.project.store.deliveries.of_execution(execution.id)
    before = left(world)
    sent = add(world, job="send", campanile__delivery=str(delivery.id))
    add(world, job="send", campanile__delivery="4711")

    forget_old_runs(world.project, world.instance, later)

    assert left(world) == {*before, sent}


def test_many_runs_go_in_batches_and_then_there_is_a_day_of_rest(world, later):
    for _ in range(5):
        add(world)

    assert [forget_old_runs(world.project, world.instance, later, 2) for _ in range(4)] == [
        2,
        2,
        1,
        0,
    ]
    add(world)
    assert forget_old_runs(world.project, world.instance, later + timedelta(hours=23)) == 0
    assert forget_old_runs(world.project, world.instance, later + timedelta(hours=25)) == 1


def test_the_emptied_file_of_a_run_goes_too(world, later, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        run = DagsterRun("winback", status=DagsterRunStatus.SUCCESS)
        instance.add_run(run)
        instance.report_engine_event("hello", run)
        assert list(home.rglob(f"{run.run_id}*"))

        assert forget_old_runs(world.project, instance, later) == 1

    assert list(home.rglob(f"{run.run_id}*")) == []
