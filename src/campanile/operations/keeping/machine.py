"""The machine under a project: room, temporary files, file descriptors, installed packages."""

import os
import re
import resource
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from campanile.operations.hosting.disk import Measured, bytes_below, forecast, measurements
from campanile.operations.keeping.findings import Finding, fail, ok, warn

_LOW_SHARE = 0.1
_LEFTOVERS = 5_000_000_000
_LARGE_WAL = 256_000_000
_DESCRIPTORS = 4_096
_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^;\s]+)")


def examine_disk(state: Path, began: datetime, now: datetime) -> Finding:
    """Free room, and for how long it lasts if the project goes on growing as in the last days.

    Without measurements of those, its whole age counts.
    """
    taken = Measured(now, bytes_below(state))
    known = [*(measurements(state) or [Measured(began, 0)]), taken]
    found = forecast(state, known)
    sentence = f"the project takes {taken.taken / 1e9:,.2f} GB; {found.sentence}"
    if found.is_full:
        return fail("disk", sentence, "Make room now: a full disk stops sending and tracking.")
    if found.is_full_soon:
        return warn("disk", sentence, "Make room, or shorten retention.tables.")
    if found.free < found.total * _LOW_SHARE:
        return warn("disk", sentence, "Less than a tenth of the disk is free: make room.")
    return ok("disk", sentence)


def examine_temporary(folder: Path) -> Finding:
    """Where the query engine puts what does not fit into memory."""
    if not folder.exists():
        return ok("temporary files", "none yet")
    if not os.access(folder, os.W_OK | os.X_OK):
        return fail("temporary files", f"{folder} cannot be written", "Give it to the services.")
    taken = bytes_below(folder)
    sentence = f"{taken / 1e6:,.0f} MB in {folder}"
    if taken > _LEFTOVERS:
        remedy = "Left behind by killed runs: empty it while nothing runs."
        return warn("temporary files", sentence, remedy)
    return ok("temporary files", sentence)


def examine_wal(files: Iterable[Path]) -> Finding:
    """SQLite's write-ahead logs: they grow while one reader stays for long."""
    size = sum(file.stat().st_size for file in files if file.exists())
    sentence = f"{size / 1e6:,.1f} MB of the store are in write-ahead logs"
    if size > _LARGE_WAL:
        return warn("write-ahead log", sentence, "A process reads for very long: restart services.")
    return ok("write-ahead log", sentence)


def examine_descriptors() -> Finding:
    """How many files a process may have open; each connection is one."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    sentence = f"a process may have {limit:,} files open"
    if limit != resource.RLIM_INFINITY and limit < _DESCRIPTORS:
        return warn("file descriptors", sentence, "Raise it: LimitNOFILE=65536 in the units.")
    return ok("file descriptors", sentence)


def examine_packages(product: str = "campanile") -> Finding:
    """Whether what is installed is what this version was tested with."""
    wrong = list(_misfits(requires(product) or ()))
    if wrong:
        remedy = "Install from the lock file: pip install --require-hashes -r requirements.lock"
        return fail("packages", f"not as pinned: {', '.join(wrong)}", remedy)
    return ok("packages", f"{product} {version(product)}, all pins hold")


def _misfits(requirements: Iterable[str]) -> Iterator[str]:
    """Packages that are missing, and exact pins that do not hold; extras may be absent."""
    for requirement in requirements:
        named = _NAME.match(requirement)
        pinned = _PIN.match(requirement.replace(" ", ""))
        assert named is not None
        try:
            found = version(named.group())
        except PackageNotFoundError:
            if "extra ==" not in requirement:
                yield f"{named.group()} is missing"
            continue
        if pinned is not None and found != pinned.group(2):
            yield f"{named.group()} {found} instead of {pinned.group(2)}"
