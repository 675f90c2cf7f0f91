import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from campanile.demo.processes import Processes, free_port, is_taken
from campanile.errors import EngineError

SLEEPER = "import time, os; print(os.getpid(), flush=True); time.sleep(600)"
STARTER = """
import sys, time
from pathlib import Path
from campanile.demo.processes import Processes
processes = Processes(Path(sys.argv[1]))
processes.start("sleeper", ["-c", sys.argv[2]])
while not processes.log("sleeper").read_text().endswith("\\n"):
    time.sleep(0.01)
print(processes.log("sleeper").read_text(), flush=True)
time.sleep(600)
"""


def ends(pid: int, seconds: float = 20) -> bool:
    """Whether a process that is not ours to wait for ends in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux to watch other processes")
def test_nothing_outlives_a_starter_that_was_killed(tmp_path: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path), SLEEPER], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    with closing(starter.stdout):
        child = int(starter.stdout.readline())
        starter.send_signal(signal.SIGKILL)
        starter.wait()
    assert ends(child)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux to watch other processes")
def test_stop_ends_what_was_started(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("sleeper", ["-c", SLEEPER])
    assert "sleeper" in processes
    processes.stop()
    processes.close()
    assert "sleeper" not in processes
    assert processes.ended() == []


def test_a_process_that_ends_too_soon_is_reported_with_its_last_words(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    try:
        processes.start("hasty", ["-c", "raise SystemExit('no ink')"])
        with pytest.raises(EngineError, match="no ink"):
            processes.wait_for("hasty", free_port(0))
        assert processes.ended() == ["hasty"]
    finally:
        processes.stop()
        processes.close()


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert is_taken(taken)
        assert free_port(taken) != taken
    assert free_port(taken) == taken
