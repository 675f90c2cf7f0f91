"""CPU seconds of a server and of all it started, the ended ones included, as the kernel counts."""

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PARENT, _FIRST, _LAST = 1, 11, 15  # places in /proc/<pid>/stat behind the program's name


def server_cpu(root: int) -> float:
    """User and system CPU of process `root`, its threads, and the processes below it."""
    alive = {pid: fields for pid in _pids() if (fields := _fields(pid))}
    below = {root}
    while more := {pid for pid, f in alive.items() if int(f[_PARENT]) in below} - below:
        below |= more
    # utime, stime, and both of the children that have ended and were waited for
    return sum(sum(map(int, alive[pid][_FIRST:_LAST])) for pid in below) / _TICKS


def parent_of(pid: int) -> int:
    """The process that started this one."""
    return int(_fields(pid)[_PARENT])


def _pids() -> Iterator[int]:
    return (int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal())


def _fields(pid: int) -> list[str]:
    """What the kernel says of a process; nothing of one that has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
