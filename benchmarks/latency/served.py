"""A project that `campanile serve` serves, with an SMTP sink beside it, in a folder of its own."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

from campanile.demo.processes import free_port
from campanile.operations.entities.loading.load import load_file
from campanile.operations.hosting.stack import running_stack
from campanile.operations.project import Project
from campanile.settings.project import open_project

_PROJECT = Path(__file__).parent / "project"
_CAMPANILE = str(Path(sys.executable).with_name("campanile"))
_SINK = "campanile.channels.sink"
_END_SECONDS = 60


@dataclass(frozen=True)
class Served:
    """The folder, who serves it, and where the sink writes down what it accepted."""

    folder: Path
    process: subprocess.Popen[bytes]
    record: Path
    dagster_port: int

    def project(self) -> Project:
        """Open the project of the folder."""
        return open_project(self.folder, environment={})

    @property
    def home(self) -> Path:
        """The home of its Dagster instance."""
        return self.folder / "dagster_home"

    def campanile(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command in the folder, as a person does."""
        return subprocess.Popen(
            [_CAMPANILE, *arguments],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "CAMPANILE_PROJECT": str(self.folder)},
        )


def lay_out(folder: Path, people: int) -> Project:
    """Make the project in `folder`, with people loaded and free ports written."""
    copytree(_PROJECT, folder)
    settings = folder / "campanile.yaml"
    text = settings.read_text()
    smtp, tracking = free_port(0), free_port(0)
    text = text.replace("2525", str(smtp)).replace("8400", str(tracking))
    settings.write_text(text)
    project = open_project(folder, environment={})
    rows = folder / "prospect.csv"
    with rows.open("w", newline="") as file:
        written = csv.writer(file)
        written.writerow(["prospect_id", "first_name", "email", "email_ok"])
        written.writerows((n, f"N{n}", f"p{n}@crowd.example", "true") for n in range(people))
    load_file(project, "prospect", rows, actor="bench")
    return project


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Serve the project in `folder` until the body ends; it has begun when Dagster is healthy."""
    text = (folder / "campanile.yaml").read_text()
    found = re.search(r"host: 127\.0\.0\.1, port: (\d+)", text)
    assert found is not None
    record = folder / "accepted.jsonl"
    record.touch()
    environment = {**os.environ, "CAMPANILE_PROJECT": str(folder)}
    dagster_port = free_port(0)
    with (folder / "serve.log").open("ab") as log:
        sink = subprocess.Popen(
            [sys.executable, "-m", _SINK, "--port", found[1], "--record", str(record)],
            stdout=log,
            stderr=log,
        )
        process = subprocess.Popen(
            [_CAMPANILE, "serve", "--port", str(dagster_port)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_served(folder, process)
            yield Served(folder, process, record, dagster_port)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_END_SECONDS)
            sink.terminate()
            sink.wait()


def _wait_until_served(
    folder: Path, process: subprocess.Popen[bytes], seconds: float = 240
) -> None:
    deadline = time.monotonic() + seconds
    log = folder / "serve.log"
    while "Serving until" not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the project is not served: {log.read_text()[-2000:]}")
        time.sleep(0.2)
    assert running_stack(folder / "dagster_home" / "campanile") is not None
