"""Files that survive a crash: written under another name, forced to disk, then renamed."""

import os
from pathlib import Path


def publish_file(temporary: Path, final: Path) -> None:
    """Give a finished file its final name; raises FileExistsError rather than overwrite one."""
    force(temporary)
    if final.exists():
        raise FileExistsError(final)
    temporary.rename(final)
    force(final.parent)


def force(path: Path) -> None:
    """Have a file, or the entries of a folder, written to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
