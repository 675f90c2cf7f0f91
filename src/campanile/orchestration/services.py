"""The parent of a project's Dagster processes: the run host, webserver, daemon and code server.

`python -m campanile.orchestration.services …` takes what `dagster dev` takes.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster._cli import create_dagster_cli

_HOST = "campanile.orchestration.run_host"
_END_SECONDS = 15.0


@contextmanager
def run_host(home: Path) -> Iterator[None]:
    """Keep a run host beside the body; it ends with us, however we end."""
    process = subprocess.Popen(  # noqa: S603  a command of ours, no shell
        [sys.executable, "-m", _HOST, str(home)], stdin=subprocess.PIPE
    )
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    """Run them until an interrupt, or until one of Dagster's processes ends."""
    with run_host(Path(os.environ["DAGSTER_HOME"])):
        dagster: Any = create_dagster_cli  # untyped
        dagster()(["dev", *sys.argv[1:]], prog_name="dagster")


if __name__ == "__main__":
    main()
