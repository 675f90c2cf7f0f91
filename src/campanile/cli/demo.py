"""`campanile demo`: the demonstration shop on this machine.

The demonstration stands above the command line, so it is started as a program of its own, which
reads the same options.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

CUSTOMERS = 100_000
SEED = 7


def demo_options(command: _Command) -> _Command:
    """Add the options of the demonstration to a command."""
    for option in (
        click.option("--seed", default=SEED, show_default=True, help="Another seed, another shop."),
        click.option(
            "--customers",
            type=click.IntRange(100, 2_000_000),
            help=f"How large the shop is; as large as it was, {CUSTOMERS:,} at first.",
        ),
        click.option("--fresh", is_flag=True, help="Forget what earlier performances left."),
        click.option(
            "--once",
            is_flag=True,
            help="End when the campaigns are done; exit 0 only if every account closes.",
        ),
    ):
        command = option(command)
    return command


@click.command("demo")
@demo_options
def demo_command(once: bool, fresh: bool, customers: int | None, seed: int) -> None:
    """Show everything: a made-up shop and its campaigns, an inbox, people who click and buy.

    Its state lies in dagster_home/demo below the current folder; Ctrl-C ends it.
    """
    given = ["--seed", str(seed)]
    given += ["--customers", str(customers)] if customers else []
    given += ["--once"] if once else []
    given += ["--fresh"] if fresh else []
    sys.stdout.flush()
    module = [sys.executable, "-m", "campanile.demo", *given]
    os.execv(sys.executable, module)  # noqa: S606  our own program takes the place of this one
