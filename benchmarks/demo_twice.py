"""The demonstration as a newcomer meets it: once, once more, and by the guided walk."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import Claim, Claims
from campanile.demo.accounts import delivery_accounts
from campanile.errors import EngineError
from campanile.settings.project import DEMO_FOLDER, open_project

PAGE = Path(__file__).parents[1] / "docs" / "start" / "guided-walk.md"
_DEMO = [sys.executable, "-c", "from campanile.cli import main; main()", "demo"]
_STANDS = "docs/start/guided-walk.md"
_LONGEST_SECONDS = 900.0
_PATIENCE_SECONDS = 240.0
_END_SECONDS = 120.0


def prove(customers: int = 3_000) -> list[Claim]:
    """Run `campanile demo --once` twice in one folder, then take the walk, and leave by Ctrl-C."""
    claims = Claims("demo")
    with tempfile.TemporaryDirectory(prefix="campanile-demo-") as place:
        folder = Path(place)
        for number in ("first", "second"):
            began, before = time.monotonic(), os.times()
            status, said = _run(folder, customers)
            spent = os.times()
            cpu = spent.children_user + spent.children_system
            cpu -= before.children_user + before.children_system
            found = {"status": status, "seconds": round(time.monotonic() - began)}
            claims.true(
                f"the {number} performance ends well", status == 0, found | {"cpu": round(cpu)}
            )
            closed = len(re.findall(r"\byes$", said, re.MULTILINE))
            claims.true("and its accounts close", closed >= 5, closed)
        with _demonstrations(folder) as up:
            _walk(claims, folder, up)
        claims.equal("and no process is left", _left(folder), [])
    return claims.made


def _run(folder: Path, customers: int) -> tuple[int, str]:
    done = subprocess.run(
        [*_DEMO, "--once", "--customers", str(customers)],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    lines = (line.rstrip() for line in done.stdout.splitlines())
    return done.returncode, "\n".join(lines)


def _walk(claims: Claims, folder: Path, up: Callable[[], "subprocess.Popen[str]"]) -> None:
    """Type every command of the page as it stands, in a folder like the repository."""
    (folder / ".venv").symlink_to(sys.prefix)
    demo = up()
    said = ""
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.M | re.S):
        for command in block.splitlines():
            if command == "campanile demo":
                demo = up()
                continue
            if command.startswith("kill -9"):
                _until(lambda: _sent(folder, "weekly_offer") > 0)
            status, said = _type(folder, command)
            expected = 1 if command.startswith("campanile validate") else 0
            claims.equal(command, status, expected)
            if command == "campanile publish fair_visitors":
                _until(lambda: _sent(folder, "fair_voucher") > 0)
            if command.startswith("kill -9"):
                claims.equal("everything is killed", demo.wait(60), -signal.SIGKILL)
    claims.true("the account closes after the crash", "waits for nothing" in said, said[-200:])
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=_END_SECONDS)
    claims.equal("Ctrl-C ends it cleanly", demo.returncode, 0)


def _type(folder: Path, command: str) -> tuple[int, str]:
    typed = ["bash", "-c", f". .venv/bin/activate; {command}"]
    done = subprocess.run(typed, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@contextmanager
def _demonstrations(folder: Path) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Give the function that starts the demonstration and returns once it stands.

    What is still up after the body is ended: a walk that breaks off leaves nobody behind.
    """
    started: list[subprocess.Popen[str]] = []

    def up() -> "subprocess.Popen[str]":
        process = subprocess.Popen(_DEMO, cwd=folder, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if _STANDS in line:
                return process
        raise EngineError(f"the demonstration ended with {process.wait()}.")

    try:
        yield up
    finally:
        for process in started:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=_END_SECONDS)


def _sent(folder: Path, campaign: str) -> int:
    """Messages that the newest execution of a campaign has sent."""
    project = open_project(folder / DEMO_FOLDER)
    try:
        found = project.store.executions.of_campaign(campaign, limit=1)
        return sum(each.account.sent for each in delivery_accounts(project, found))
    finally:
        project.store.close()


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise EngineError(f"nothing came of it in {_PATIENCE_SECONDS:.0f} s.")
        time.sleep(0.2)


def _left(folder: Path) -> list[str]:
    """Processes that still name the folder in their command line (Linux; elsewhere none)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended meanwhile
        if str(folder) in command and entry.parent.name != str(os.getpid()):
            found.append(command[:120])
    return found
