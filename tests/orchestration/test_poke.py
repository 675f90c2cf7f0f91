"""The clock is poked through a real webserver, which launches what its sensor asks for."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from campanile.demo.processes import free_port
from campanile.operations.hosting.poke import poke_clock

LOCATION = """
import dagster as dg

@dg.asset
def hello(): ...

job = dg.define_asset_job("campaign_hello__v1", [hello])

@dg.sensor(name="campaign_clock", job=job)
def clock(context):
    return dg.RunRequest(run_key="1:start:1", job_name="campaign_hello__v1", tags={"mode": "live"})

@dg.repository
def campaigns():
    return [hello, job, clock]
"""
WORKSPACE = "load_from: [{python_file: {relative_path: poked.py, location_name: campaigns}}]\n"
QUEUE = (
    "run_coordinator: {module: dagster._core.run_coordinator, class: QueuedRunCoordinator}\n"
    "telemetry: {enabled: false}\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """The home of an instance whose runs stay queued, with a webserver noted as its stack."""
    for name, text in {
        "poked.py": LOCATION,
        "workspace.yaml": WORKSPACE,
        "dagster.yaml": QUEUE,
    }.items():
        (tmp_path / name).write_text(text)
    port = free_port(0)
    command = [
        "-m",
        "dagster_webserver",
        "-w",
        "workspace.yaml",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path)}
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, *command], cwd=tmp_path, env=environment, stdout=log, stderr=log
        )
        (tmp_path / "stack.json").write_text(
            json.dumps({"url": f"http://127.0.0.1:{port}", "pid": server.pid})
        )
        try:
            while not answers(f"http://127.0.0.1:{port}/server_info"):
                assert server.poll() is None, (tmp_path / "log").read_text()
            yield tmp_path
        finally:
            server.terminate()
            server.wait(30)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def test_what_is_due_is_launched_once_under_its_run_key(home):
    assert poke_clock(home) == 1
    assert poke_clock(home) == 0

    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = instance.get_runs()
    assert run.job_name == "campaign_hello__v1"
    assert run.tags["dagster/run_key"] == "1:start:1"
    assert run.tags["mode"] == "live"
