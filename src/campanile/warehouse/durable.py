"""Files that survive a crash: written under another name, forced to disk, then renamed."""

import os
from pathlib import Path


def publish_file(temporary: Path, final: Path) -> None:
    """Give a finished file its final name; raises FileExistsError rather than overwrite one."""
    _force(temporary)
    if final.exists():
        raise FileExistsError(final)
    temporary.rename(final)
    _force(final.parent)


def _force(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
