"""The demonstration as a newcomer meets it: once, once more on what it left, and interrupted."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Claim, Claims

_LONGEST_SECONDS = 900.0
_STARTED = "Start Dagster"


def prove(customers: int = 1_000) -> list[Claim]:
    """Run `campanile demo --once` twice in one folder, then end a third performance by Ctrl-C."""
    claims = Claims("demo")
    with tempfile.TemporaryDirectory(prefix="campanile-demo-") as place:
        folder = Path(place)
        for number in ("first", "second"):
            began = time.monotonic()
            status, said = _run(folder, customers)
            found = {"status": status, "seconds": round(time.monotonic() - began)}
            claims.true(f"the {number} performance ends well", status == 0, found)
            closed = len(re.findall(r"\byes$", said, re.MULTILINE))
            claims.true("and its accounts close", closed >= 5, closed)
        status = _interrupt(folder, customers)
        claims.equal("Ctrl-C ends it cleanly", status, 0)
        claims.equal("and no process is left", _left(folder), [])
    return claims.made


def _command(customers: int, *options: str) -> list[str]:
    program = "from campanile.cli import main; main()"
    return [sys.executable, "-c", program, "demo", "--customers", str(customers), *options]


def _run(folder: Path, customers: int) -> tuple[int, str]:
    done = subprocess.run(
        _command(customers, "--once"),
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    lines = (line.rstrip() for line in done.stdout.splitlines())
    return done.returncode, "\n".join(lines)


def _interrupt(folder: Path, customers: int) -> int:
    """Start a performance, press Ctrl-C once Dagster runs, and return its exit status."""
    command = _command(customers)
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if _STARTED in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    return process.returncode


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
