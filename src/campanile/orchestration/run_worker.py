"""What a run worker does in a process that the run host forked for it."""

import importlib
import os

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.origin import JobPythonOrigin
from dagster._grpc.impl import core_execute_run
from dagster._serdes import deserialize_value
from dagster._utils.hosted_user_process import recon_job_from_origin
from dagster._utils.interrupts import capture_interrupts

_LATE = ("campanile.orchestration.definitions", "sqlglot.dialects.duckdb", "dagster._core.secrets")


def preload() -> None:
    """Import what runs import late; the instance is opened for that and closed again."""
    for module in _LATE:
        importlib.import_module(module)
    with dg.DagsterInstance.get() as instance:
        instance.get_runs(limit=1)


def execute_run(run_id: str, instance_ref: str) -> int:
    """Execute a run that Dagster has launched; returns the status of the process.

    As Dagster's own worker: every error is in the run's events, and an interrupt cancels it.
    """
    ref = deserialize_value(instance_ref, InstanceRef)
    with capture_interrupts(), dg.DagsterInstance.from_ref(ref) as instance:
        run = instance.get_run_by_id(run_id)
        if run is None or not isinstance(run.job_code_origin, JobPythonOrigin):
            raise dg.DagsterInvariantViolationError(f"Run {run_id} has no origin here.")
        pid = os.getpid()
        instance.report_engine_event(f"Started process for run (pid: {pid}).", run)
        try:
            for _ in core_execute_run(
                recon_job_from_origin(run.job_code_origin), run, instance, inject_env_vars=False
            ):
                pass
        finally:
            instance.report_engine_event(f"Process for run exited (pid: {pid}).", run)
    return 0
