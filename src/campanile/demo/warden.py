"""The warden: ends the demonstration's processes when the one that started them is gone.

It reads process groups from its standard input and kills them when that ends, which it also does
when the starter was killed and could say nothing.
"""

import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress


def watch(lines: Iterable[str]) -> None:
    """Take "+group" and "-group" lines; when they end, kill the groups that are left."""
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        (groups.add if line.startswith("+") else groups.discard)(group)
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    watch(sys.stdin)
