"""Which machine this is, and which of its lives."""

import socket
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def host_name() -> str:
    """The name of this machine, as leases show it."""
    return socket.gethostname()[:80]


def boot_id() -> str:
    """Differs after every start of the machine; empty where the system does not tell."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
