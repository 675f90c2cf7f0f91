"""A real gRPC server plays the code server, so that answers and silences are real ones."""

import json
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import dagster as dg
import grpc
import pytest
import yaml
from dagster._core.launcher import WorkerStatus
from dagster._grpc.__generated__ import dagster_api_pb2
from dagster._grpc.__generated__.dagster_api_pb2_grpc import (
    DagsterApiServicer,
    add_DagsterApiServicer_to_server,
)
from dagster._grpc.types import CanCancelExecutionResult
from dagster._serdes import serialize_value

from campanile.orchestration.launcher import UNKNOWN_ANSWERS, HealthCheckedRunLauncher

ROOT = Path(__file__).parents[2]


class CodeServer(DagsterApiServicer):
    """Runs what is in `running`; answers with DEADLINE_EXCEEDED while `silent`."""

    def __init__(self) -> None:
        self.running: set[str] = set()
        self.silent = False

    def CanCancelExecution(self, request, context):
        if self.silent:
            context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "no answer")
        asked = json.loads(request.serialized_can_cancel_execution_request)["run_id"]
        answer = CanCancelExecutionResult(can_cancel=asked in self.running)
        return dagster_api_pb2.CanCancelExecutionReply(
            serialized_can_cancel_execution_result=serialize_value(answer)
        )


@pytest.fixture
def served() -> Iterator[tuple[CodeServer, grpc.Server, dg.DagsterRun]]:
    servicer = CodeServer()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
    add_DagsterApiServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    place = json.dumps({"host": "127.0.0.1", "port": port})
    yield servicer, server, dg.DagsterRun("job", tags={".dagster/grpc_info": place})
    server.stop(None).wait()


def test_a_run_its_code_server_runs_is_alive(served):
    servicer, _, run = served
    servicer.running.add(run.run_id)

    result = HealthCheckedRunLauncher().check_run_worker_health(run)

    assert result.status == WorkerStatus.RUNNING


def test_a_run_its_code_server_does_not_know_is_dead(served):
    _, _, run = served

    result = HealthCheckedRunLauncher().check_run_worker_health(run)

    assert result.status == WorkerStatus.FAILED


def test_a_run_whose_code_server_is_gone_is_dead(served):
    servicer, server, run = served
    servicer.running.add(run.run_id)
    server.stop(None).wait()

    result = HealthCheckedRunLauncher().check_run_worker_health(run)

    assert result.status == WorkerStatus.FAILED


def test_silence_counts_as_death_only_after_three_more_questions(served):
    servicer, _, run = served
    servicer.silent = True
    launcher = HealthCheckedRunLauncher()

    statuses = [launcher.check_run_worker_health(run).status for _ in range(UNKNOWN_ANSWERS + 1)]

    assert statuses == [WorkerStatus.RUNNING] * UNKNOWN_ANSWERS + [WorkerStatus.FAILED]


def test_an_answer_in_between_starts_the_count_again(served):
    servicer, _, run = served
    servicer.running.add(run.run_id)
    launcher = HealthCheckedRunLauncher()
    statuses = []
    for silent in (True, True, False, True, True, True):
        servicer.silent = silent
        statuses.append(launcher.check_run_worker_health(run).status)

    assert statuses == [WorkerStatus.RUNNING] * 6


def test_the_instance_settings_are_what_we_rely_on(tmp_path, monkeypatch):
    settings = (ROOT / "dagster_home" / "dagster.yaml").read_text()
    (tmp_path / "dagster.yaml").write_text(settings)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))

    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.run_launcher, HealthCheckedRunLauncher)
        assert instance.run_launcher.supports_check_run_worker_health
        assert not instance.run_retries_enabled
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.run_monitoring_enabled
        assert instance.run_coordinator.dequeue_interval_seconds == 1
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 4
        assert str(tmp_path) in instance.storage_directory()
        assert not yaml.safe_load(settings)["run_retries"]["enabled"]
