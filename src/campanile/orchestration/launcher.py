"""A launcher whose runs start at once, and that tells a dead run worker from a live one.

Dagster's own starts a fresh interpreter for each run, and cannot tell: after the machine stopped,
its runs kept their slots (measured). Where there is no run host, the code server starts the run.
"""

import json
import socket
from collections import Counter
from pathlib import Path
from threading import Thread
from typing import Any

from dagster import DagsterRun, DagsterRunStatus
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import (
    CheckRunHealthResult,
    DefaultRunLauncher,
    LaunchRunContext,
    WorkerStatus,
)
from dagster._core.storage.tags import GRPC_INFO_TAG, HIDDEN_TAG_PREFIX
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value, serialize_value

from campanile.orchestration.run_host import NOTE

HOST_TAG = f"{HIDDEN_TAG_PREFIX}campanile_run_host"

UNKNOWN_ANSWERS = 3
_TIMEOUT_SECONDS = 5


class HealthCheckedRunLauncher(DefaultRunLauncher):
    """Has the run host fork the worker; asks whoever started a worker whether it still runs.

    A host or code server that is gone took its workers with it. A server that does not answer in
    time is asked again at the next polls: only after `UNKNOWN_ANSWERS` in a row is the worker
    called dead.
    """

    _unknown: Counter[str]

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the worker of a run."""
        run = context.dagster_run
        place = _noted_host(self._instance.root_directory)
        connection = _connect(place)
        if connection is None:
            super().launch_run(context)
            return
        self._instance.add_run_tags(run.run_id, {HOST_TAG: place})
        wanted = {"start": run.run_id, "instance": serialize_value(self._instance.get_ref())}
        _ask_line(connection, wanted)
        Thread(target=self._see_end, args=(run.run_id, connection), daemon=True).start()

    def terminate(self, run_id: str) -> bool:
        """Interrupt the worker of a run; whether there was one."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or not _is_hosted(run):
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        self._instance.report_run_canceling(run)
        return _ask_host(run, "cancel")

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes: this is what the class is for."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Tell whether the worker of `run` lives."""
        if not hasattr(self, "_unknown"):
            self._unknown = Counter()
        status = _status(run)
        if status != WorkerStatus.UNKNOWN:
            del self._unknown[run.run_id]
            return CheckRunHealthResult(status, _SENTENCES[status])
        self._unknown[run.run_id] += 1
        if self._unknown[run.run_id] <= UNKNOWN_ANSWERS:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "No answer yet; asked again.")
        del self._unknown[run.run_id]
        return CheckRunHealthResult(
            WorkerStatus.FAILED, f"Its code server gave no answer {UNKNOWN_ANSWERS + 1} times."
        )

    def _see_end(self, run_id: str, connection: socket.socket) -> None:
        """Wait for the end of a worker, and report a run that it left unfinished.

        When the host goes first, run monitoring finds that out.
        """
        connection.settimeout(None)
        with connection:
            said = connection.makefile().readline()
        run = self._instance.get_run_by_id(run_id)
        if not said or run is None or run.is_finished:
            return
        status = json.loads(said)["status"]
        self._instance.report_engine_event(f"The run's process ended with status {status}.", run)
        if run.status == DagsterRunStatus.CANCELING:
            self._instance.report_run_canceled(run)
        else:
            self._instance.report_run_failed(run)


_SENTENCES = {
    WorkerStatus.RUNNING: "Whoever started it runs it.",
    WorkerStatus.FAILED: "Nobody runs it any more: worker, its server or the machine stopped.",
}


def _status(run: DagsterRun) -> WorkerStatus:
    if _is_hosted(run):
        return WorkerStatus.RUNNING if _ask_host(run, "alive") else WorkerStatus.FAILED
    return _ask_server(run)


def _is_hosted(run: DagsterRun) -> bool:
    return HOST_TAG in run.tags and GRPC_INFO_TAG not in run.tags


def _noted_host(home: str) -> str:
    note = Path(home) / NOTE
    return note.read_text() if note.exists() else ""


def _connect(place: str) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_TIMEOUT_SECONDS)
    try:
        connection.connect(place)
    except OSError:
        connection.close()
        return None
    return connection


def _ask_line(connection: socket.socket, question: dict[str, str]) -> dict[str, Any]:
    connection.sendall(json.dumps(question).encode() + b"\n")
    answer: dict[str, Any] = json.loads(connection.makefile().readline())
    return answer


def _ask_host(run: DagsterRun, question: str) -> bool:
    connection = _connect(run.tags[HOST_TAG])
    if connection is None:
        return False
    with connection:
        return bool(_ask_line(connection, {question: run.run_id})[question])


def _ask_server(run: DagsterRun) -> WorkerStatus:
    place = json.loads(run.tags.get(GRPC_INFO_TAG, "{}"))
    if not place:
        return WorkerStatus.FAILED
    client = DagsterGrpcClient(
        host=place.get("host"),
        port=place.get("port"),
        socket=place.get("socket"),
        use_ssl=bool(place.get("use_ssl", False)),
    )
    try:
        answer = client.can_cancel_execution(
            CanCancelExecutionRequest(run_id=run.run_id), timeout=_TIMEOUT_SECONDS
        )
    except DagsterUserCodeUnreachableError as error:
        return WorkerStatus.FAILED if _is_gone(error) else WorkerStatus.UNKNOWN
    result = deserialize_value(answer, CanCancelExecutionResult)
    return WorkerStatus.RUNNING if result.can_cancel else WorkerStatus.FAILED


def _is_gone(error: DagsterUserCodeUnreachableError) -> bool:
    code = getattr(error.__cause__, "code", None)  # of grpc.RpcError
    return code is not None and code().name == "UNAVAILABLE"
