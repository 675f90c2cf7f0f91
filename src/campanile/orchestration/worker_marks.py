"""A mark that a living run worker holds: a locked file, which the kernel lets go when it dies.

The code server cannot always tell: after a reload the new one does not know the runs that the old
one still works on, and called them dead (measured: a send run failed at each publish).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster import DagsterEvent
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor

_FOLDER = "workers"


@contextmanager
def marked(home: Path, run_id: str) -> Iterator[None]:
    """Hold the mark of a run; `home` is the folder that all processes of the instance share."""
    path = _path(home, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)  # not inherited by what we start
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def is_marked(home: Path, run_id: str) -> bool:
    """Whether a living process holds the mark; what a dead one left behind is cleared away."""
    path = _path(home, run_id)
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)


class _MarkedExecutor(InProcessExecutor):
    """Runs all steps in the run's own process, under the mark of the run."""

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[DagsterEvent]:
        home = Path(plan_context.instance.root_directory)
        with marked(home, plan_context.run_id):
            yield from super().execute(plan_context, execution_plan)


@dg.executor(name="in_process")
def marked_executor(_context: dg.InitExecutorContext) -> InProcessExecutor:
    """The executor of all our jobs: one process, no retries of Dagster's, and the mark."""
    return _MarkedExecutor(retries=RetryMode.DISABLED)


def _path(home: Path, run_id: str) -> Path:
    return home / _FOLDER / f"{run_id}.lock"
