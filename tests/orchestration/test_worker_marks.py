"""The mark of a run worker says that it lives, whatever its code server knows."""

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
from dagster._core.launcher import WorkerStatus

from campanile.orchestration.marked_launcher import MarkedRunLauncher
from campanile.orchestration.worker_marks import is_marked, marked, marked_executor

HOLD = """
import sys, time
from pathlib import Path
from campanile.orchestration.worker_marks import marked
with marked(Path(sys.argv[1]), "run"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_mark_is_gone_with_the_work(tmp_path):
    with marked(tmp_path, "run"):
        assert is_marked(tmp_path, "run")
    assert not is_marked(tmp_path, "run")
    assert list((tmp_path / "workers").iterdir()) == []


def test_the_mark_of_a_killed_worker_counts_for_nothing(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=-1) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"held\n"
        assert is_marked(tmp_path, "run")
        os.kill(worker.pid, signal.SIGKILL)
    assert not is_marked(tmp_path, "run")
    assert list((tmp_path / "workers").iterdir()) == []


@dg.op
def look(context: dg.OpExecutionContext) -> str:
    return str(_status(context.instance, context.run_id))


@dg.job(executor_def=marked_executor)
def work() -> None:
    look()


def _status(instance: dg.DagsterInstance, run_id: str) -> WorkerStatus:
    """What is said of a run whose code server does not answer any more."""
    launcher = MarkedRunLauncher()
    launcher.register_instance(instance)
    place = '{"host": "127.0.0.1", "port": 1}'
    run = dg.DagsterRun("work", run_id=run_id, tags={".dagster/grpc_info": place})
    return launcher.check_run_worker_health(run).status


def test_a_run_whose_server_is_another_by_now_is_alive_while_its_process_works():
    with dg.instance_for_test() as instance:
        done = dg.execute_job(dg.reconstructable(work), instance)

        assert done.success
        assert _output(instance, done.run_id) == str(WorkerStatus.RUNNING)
        assert _status(instance, done.run_id) == WorkerStatus.FAILED


def _output(instance: dg.DagsterInstance, run_id: str) -> str:
    """What `look` returned, as it was kept."""
    folder = Path(instance.storage_directory()) / run_id / "look" / "result"
    return str(pickle.loads(folder.read_bytes()))
