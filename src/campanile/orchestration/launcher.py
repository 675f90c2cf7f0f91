"""A launcher that tells a dead run worker from a live one, so that no run stays started for ever.

Dagster's own launcher cannot: after the machine stopped, its runs kept their slots (measured).
"""

import json
from collections import Counter

from dagster import DagsterRun
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

UNKNOWN_ANSWERS = 3
_TIMEOUT_SECONDS = 5


class HealthCheckedRunLauncher(DefaultRunLauncher):
    """Asks the code server that started a run whether it still runs it.

    A server that is gone took its workers with it. One that does not answer in time is asked again
    at the next polls: only after `UNKNOWN_ANSWERS` in a row is the worker called dead.
    """

    _unknown: Counter[str]

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes: this is what the class is for."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Tell whether the worker of `run` lives."""
        if not hasattr(self, "_unknown"):
            self._unknown = Counter()
        status = _ask(run)
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


_SENTENCES = {
    WorkerStatus.RUNNING: "Its code server runs it.",
    WorkerStatus.FAILED: "No code server runs it any more: worker, server or machine stopped.",
}


def _ask(run: DagsterRun) -> WorkerStatus:
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
