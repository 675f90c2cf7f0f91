"""The services of deploy/systemd as plain processes: the same commands, the same environment."""

import os
import shlex
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from benchmarks.deployed.server import DEPLOY
from campanile.demo.processes import is_taken
from campanile.operations.hosting.stack import _location_entries

SERVICES = ("code", "daemon", "webserver", "tracking")
_PROGRAMS = "/opt/campanile/bin/"
_READY_SECONDS = 120.0


@dataclass
class Services:
    """Units of deploy/systemd, `places` put in for what stands in them (/srv/campanile …)."""

    places: Mapping[str, str]
    secrets: Mapping[str, Mapping[str, str]]  # by env file: what its template leaves empty
    logs: Path
    running: dict[str, "Popen[bytes]"] = field(default_factory=dict)

    def environment(self, file: str) -> dict[str, str]:
        """What the template of an env file says, with our places and secrets."""
        lines = (DEPLOY / f"{file}.example").read_text().splitlines()
        written = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        placed = {name: self._placed(value) for name, value in written.items()}
        return {**placed, **self.secrets[file]}

    def start(self, name: str) -> None:
        """Start one service, in a process group of its own, as systemd does in a control group."""
        unit = (DEPLOY / "systemd" / f"campanile-{name}.service").read_text()
        settings = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line)
        command = shlex.split(self._placed(settings["ExecStart"]))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CAMPANILE_", "PG"))}
        kept.pop("DAGSTER_HOME", None)
        environment = {**kept, **self.environment(Path(settings["EnvironmentFile"]).name)}
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = Popen(
                command, env=environment, stdout=log, stderr=log, start_new_session=True,
                cwd=self._placed(settings["WorkingDirectory"]),
            )  # fmt: skip

    def start_all(self) -> float:
        """Start what does not run and wait until all answer; returns the seconds it took."""
        began = time.monotonic()
        for name in SERVICES:
            if name not in self.running:
                self.start(name)
        deadline = began + _READY_SECONDS
        while not self.is_ready():
            if ended := self.ended():
                raise RuntimeError(f"{', '.join(ended)} ended; see {self.logs}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"not ready after {_READY_SECONDS:.0f} s; see {self.logs}")
            time.sleep(0.25)
        return time.monotonic() - began

    def is_ready(self) -> bool:
        """Whether the pages have the campaigns loaded and the tracking service listens."""
        entries = _location_entries(f"http://127.0.0.1:{self.places['3000']}")
        loaded = bool(entries) and all(entry["loadStatus"] == "LOADED" for entry in entries)
        return loaded and is_taken(int(self.places["8400"]))

    def kill(self, name: str) -> None:
        """Kill a service with all it started, as a crash or the out-of-memory killer does."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End all: each is asked, given time, then killed with what it started."""
        for name in reversed(SERVICES):
            if name in self.running:
                process = self.running[name]
                process.terminate()
                deadline = time.monotonic() + 30
                while process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.1)
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.running.clear()

    def ended(self) -> list[str]:
        """Name the services that ended by themselves."""
        return [name for name, process in self.running.items() if process.poll() is not None]

    def _placed(self, text: str) -> str:
        text = text.replace(_PROGRAMS, f"{Path(sys.executable).parent}/")
        for place, ours in self.places.items():
            text = text.replace(place, ours)
        return text
