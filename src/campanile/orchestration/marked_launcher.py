"""The launcher of a deployed code server: a worker's mark counts more than its server's word."""

from pathlib import Path

from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

from campanile.orchestration.launcher import HealthCheckedRunLauncher
from campanile.orchestration.worker_marks import is_marked


class MarkedRunLauncher(HealthCheckedRunLauncher):
    """Looks at a run's mark first: it is right also after its code server was reloaded."""

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Tell whether the worker of `run` lives."""
        if self.has_instance and is_marked(Path(self._instance.root_directory), run.run_id):
            return CheckRunHealthResult(WorkerStatus.RUNNING, "Its process lives.")
        return super().check_run_worker_health(run)
