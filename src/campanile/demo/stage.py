"""The stage: a copy of a project, and everything that runs around it on this machine.

An SMTP inbox and its page, the tracking service, simulated recipients, and the Dagster stack, all
on 127.0.0.1. State stays in the folder, so the next performance goes on from there.
"""

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from campanile.demo.processes import HOST, Processes, free_port
from campanile.demo.purchases import Till
from campanile.errors import EngineError, Refused
from campanile.operations.hosting.stack import Stack, prepare_home, running_stack, stack_command
from campanile.operations.project import Project
from campanile.settings.project import PROJECT_VARIABLE, dagster_home, open_project

_SETTINGS: Final = "campanile.yaml"
_SMTP_PORT: Final = re.compile(r"(type: smtp, host: 127\.0\.0\.1, port: )\d+")
_TRACKING_URL: Final = re.compile(r"(base_url: \"?http://127\.0\.0\.1:)\d+")
_OWN_NUMBER: Final = "demo.pid"  # of this process: with it, everything ends
_LOGGED_LINES: Final = 12
_POLL_SECONDS: Final = 0.05
_TRACKING: Final = "campanile.demo.tracking_process"
_SINK: Final = "campanile.channels.sink"
_PAGE: Final = "campanile.demo.inbox"
_VISITING: Final = "campanile.demo.visiting"
_RETELLING: Final = "campanile.orchestration.retelling"
_RETELLING_NAME: Final = "retelling"


@dataclass(frozen=True)
class Ports:
    """Where the stage listens."""

    dagster: int = 3000
    tracking: int = 8400
    inbox: int = 8025
    smtp: int = 2525

    @classmethod
    def choose(cls) -> "Ports":
        """Take the usual ports, or free ones where somebody has them already."""
        chosen: dict[str, int] = {}
        for each in fields(cls):
            assert isinstance(each.default, int)
            chosen[each.name] = free_port(each.default, tuple(chosen.values()))
        return cls(**chosen)


class Stage:
    """A project in `folder` and its surroundings; `open` sets it up and always clears it away."""

    def __init__(self, folder: Path, ports: Ports, faults: Sequence[str] = ()) -> None:
        self.folder = folder
        self.ports = ports
        self.faults = faults
        self.home = dagster_home(folder, {})
        self.record = self.home / "inbox" / "record.jsonl"
        self.messages = self.home / "inbox" / "messages"
        self.visits = self.home / "inbox" / "visits.jsonl"
        self.till = Till(self.home / "inbox" / "till.jsonl")
        self.processes = Processes(
            self.home / "campanile" / "logs", {PROJECT_VARIABLE: str(folder)}
        )
        self.stack: Stack | None = None

    @classmethod
    @contextmanager
    def open(cls, template: Path, folder: Path, *, faults: Sequence[str] = ()) -> Iterator["Stage"]:
        """Copy the project `template` to `folder`, unless it is there, and start its surroundings.

        Everything but the Dagster stack, which `start_stack` starts once campaigns are published.
        `faults` are misbehaviours of the SMTP inbox, as JSON (see `campanile.channels.sink`).
        Raises Refused when another performance runs in the folder.
        """
        folder = folder.resolve()
        there = running_stack(folder / "dagster_home" / "campanile")
        if there is not None:
            raise Refused(
                f"{folder} is being served already: {there.url} (process {there.pid}).",
                remedy="Use that one, or end it with Ctrl-C first.",
            )
        shutil.copytree(template, folder, dirs_exist_ok=True, copy_function=_copy_if_missing)
        stage = cls(folder, Ports.choose(), faults)
        own = folder / _OWN_NUMBER
        try:
            _write_ports(folder / _SETTINGS, stage.ports)
            stage.start_surroundings()
            own.write_text(str(os.getpid()))
            yield stage
        finally:
            own.unlink(missing_ok=True)
            stage.stop()
            stage.processes.close()

    @property
    def dagster_url(self) -> str:
        """Where the Dagster UI is."""
        return f"http://{HOST}:{self.ports.dagster}"

    @property
    def inbox_url(self) -> str:
        """Where delivered messages can be read."""
        return f"http://{HOST}:{self.ports.inbox}"

    @property
    def tracking_url(self) -> str:
        """Where recipients' opens and clicks go."""
        return f"http://{HOST}:{self.ports.tracking}"

    def project(self) -> Project:
        """Open the project of the stage."""
        return open_project(self.folder)

    def lineage_url(self, campaign: str) -> str:
        """The page of the Dagster UI that shows a campaign as a graph."""
        return f"{self.dagster_url}/locations/campaigns@campaigns/asset-groups/{campaign}/lineage"

    def asset_url(self, campaign: str, asset: str) -> str:
        """The page of the Dagster UI that shows the figures of an asset, and plots them."""
        return f"{self.dagster_url}/assets/{campaign}/{asset}?view=overview"

    def start_surroundings(self) -> None:
        """Start what does not run: inbox, page, tracking and recipients."""
        self.record.parent.mkdir(parents=True, exist_ok=True)
        self.record.touch()
        missing = [name for name in self._commands if name not in self.processes]
        for name in missing:
            self.processes.start(name, ("-m", *self._commands[name][1]))
        for name in missing:
            if port := self._commands[name][0]:
                self.processes.wait_for(name, port)

    @property
    def _commands(self) -> dict[str, tuple[int, tuple[str, ...]]]:
        """By name: the port that is listened on (0: none), and the module with its arguments."""
        ports, inbox = self.ports, str(self.record.parent)
        folders = ("--record", str(self.record), "--store", str(self.messages))
        faults = tuple(part for fault in self.faults for part in ("--fault", fault))
        return {
            "tracking": (ports.tracking, (_TRACKING, str(self.folder), str(ports.tracking))),
            "smtp": (ports.smtp, (_SINK, "--port", str(ports.smtp), *folders, *faults)),
            "inbox": (ports.inbox, (_PAGE, inbox, str(ports.inbox), self.tracking_url)),
            "recipients": (0, (_VISITING, inbox, self.tracking_url)),
        }

    def start_stack(self) -> None:
        """Start Dagster and return once it has loaded the campaigns.

        Raises EngineError, with the end of its log, when it does not.
        """
        workspace = prepare_home(self.home)
        log = self.processes.log("dagster")
        with log.open("ab") as output:
            self.stack = Stack.start(
                stack_command(workspace, self.ports.dagster),
                home=self.home,
                state=self.home / "campanile",
                port=self.ports.dagster,
                log=output,
                environ={PROJECT_VARIABLE: str(self.folder)},
            )
        self._guard_stack()
        try:
            self.stack.wait_until_healthy(180)
        except EngineError as error:
            last = log.read_text(errors="replace").splitlines()[-_LOGGED_LINES:]
            raise EngineError("\n".join([error.message, *last]), remedy=f"See {log}.") from error

    def retell_past(self) -> None:
        """Show Dagster the executions from before it; goes on by itself, in the background."""
        environ = {"DAGSTER_HOME": str(self.home)}
        self.processes.start(_RETELLING_NAME, ("-m", _RETELLING, str(self.folder)), environ)

    def ended(self) -> list[str]:
        """Name what ended by itself and should not have."""
        stack = self.stack is not None and not self.stack.is_running
        over = [name for name in self.processes.ended() if name != _RETELLING_NAME]
        return over + (["dagster"] if stack else [])

    def crash(self) -> None:
        """Kill all of it at once but the SMTP inbox, which is somebody else's machine."""
        running = running_stack(self.home / "campanile")
        if self.stack is not None and running is not None:
            os.killpg(running.pid, signal.SIGKILL)
            while self.stack.is_running:
                time.sleep(_POLL_SECONDS)
            self.processes.release(running.pid)
            self.stack = None
        self.processes.kill([name for name in self._commands if name != "smtp"])

    def stop(self) -> None:
        """End everything, Dagster first."""
        if self.stack is not None:
            self.stack.stop()
            self.stack = None
        self.processes.stop()

    def _guard_stack(self) -> None:
        running = running_stack(self.home / "campanile")
        if running is not None:
            self.processes.guard(running.pid)


def _copy_if_missing(source: str, target: str) -> str:
    """Files that are there stay: somebody may have changed a campaign to see what happens."""
    return target if Path(target).exists() else shutil.copy2(source, target)


def _write_ports(settings: Path, ports: Ports) -> None:
    text = settings.read_text(encoding="utf-8")
    text = _SMTP_PORT.sub(rf"\g<1>{ports.smtp}", text)
    text = _TRACKING_URL.sub(rf"\g<1>{ports.tracking}", text)
    settings.write_text(text, encoding="utf-8")
