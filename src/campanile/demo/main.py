"""The demonstration as a program: sets the stage, lets the campaigns run, shows where to look."""

import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import click
from rich.console import Console

from campanile.cli.demo import CUSTOMERS, demo_options
from campanile.demo.faults import FAULTS, STANDING_FAULTS
from campanile.demo.performance import PUBLISHED_ONLY, Performance
from campanile.demo.programme import print_accounts, print_places
from campanile.demo.stage import Stage
from campanile.demo.steps import Steps
from campanile.demo.stock import shop_size
from campanile.errors import CampanileError, EngineError, FaultsFound, Refused
from campanile.operations.hosting.stack import running_stack
from campanile.settings.project import DEMO_FOLDER

_LONGEST_SECONDS: Final = 900.0
_LOOK_SECONDS: Final = 1.0
_PLAIN_WIDTH: Final = 110
_ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command("campanile demo")
@demo_options
def main(once: bool, fresh: bool, customers: int | None, seed: int) -> None:
    """Show everything: a made-up shop and its campaigns, an inbox, people who click and buy."""
    for number in _ENDING_SIGNALS:
        signal.signal(number, _leave)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    try:
        folder = _folder(fresh)
        with resources.as_file(resources.files("campanile.demo") / "project") as template:
            closed = _show(console, template, folder, customers, seed, stays=not once)
    except KeyboardInterrupt:
        sys.exit(130 if once else 0)
    except FaultsFound as error:
        for fault in error.faults:
            click.echo(f"{fault.severity}: {fault}", err=True)
        sys.exit(1)
    except CampanileError as error:
        click.echo(click.style("refused: ", fg="red") + str(error), err=True)
        sys.exit(1)
    sys.exit(0 if closed else 1)


def _show(
    console: Console, template: Path, folder: Path, customers: int | None, seed: int, *, stays: bool
) -> bool:
    """Run one performance; returns whether every account closes."""
    began = time.monotonic()
    steps = Steps(console)
    with ExitStack() as opened:
        with steps.step("Start inbox, tracking and recipients"):
            faults = STANDING_FAULTS if folder.exists() else FAULTS
            stage = opened.enter_context(Stage.open(template, folder, faults=faults))
        opened.enter_context(_ending(console))
        performance = _perform(steps, stage, customers, seed)
        accounts = performance.accounts()
        print_accounts(console, performance, accounts)
        console.print(f"[dim]Ready after {time.monotonic() - began:.0f} s.[/]")
        if stays:
            print_places(console, stage)
            _stay(stage)
    return all(each.is_closed for each in accounts)


def _perform(steps: Steps, stage: Stage, wanted: int | None, seed: int) -> Performance:
    """Everything from an empty folder to campaigns that are over, or from where it was cut off."""
    project = stage.project()
    performance = Performance(project, project.clock())
    customers = wanted or shop_size(project) or CUSTOMERS
    with steps.step(f"A shop of {customers:,} customers, and its last four weeks") as say:
        performance.relive(customers, seed, say)
    if (interrupted := performance.go_on()) is not None:
        steps.console.print("  [dim]what was interrupted goes on where it was[/]")
        performance = interrupted
    else:
        with steps.step("Publish the campaigns"):
            performance.publish(PUBLISHED_ONLY)
    with steps.step("Start Dagster"):
        stage.start_stack()
    stage.retell_past()
    steps.console.print(f"  watch: [link]{stage.lineage_url('welcome_back')}[/]", soft_wrap=True)
    with steps.watch("Campaigns run; people open, click and buy") as tell:
        performance.wait(_LONGEST_SECONDS, tell, stage.ended)
    with steps.step("Load what they bought"):
        bought = performance.load_purchases(stage.till)
    steps.console.print(f"  [dim]{bought:,} orders by people who had clicked[/]")
    return performance


def _stay(stage: Stage) -> None:
    """Return never by itself; raises EngineError when a process has ended."""
    while not (gone := stage.ended()):
        time.sleep(_LOOK_SECONDS)
    raise EngineError(f"{', '.join(gone)} ended by itself.", remedy="See its log.")


@contextmanager
def _ending(console: Console) -> Iterator[None]:
    """Say that the end has begun, and let no second Ctrl-C leave half of it."""
    try:
        yield
    finally:
        for number in _ENDING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        console.print("Ending Dagster, tracking and inbox; what happened is kept.")


def _folder(fresh: bool) -> Path:
    folder = DEMO_FOLDER.resolve()
    if fresh and folder.exists():
        there = running_stack(folder / "dagster_home" / "campanile")
        if there is not None:
            raise Refused(f"{folder} is being served: {there.url}.", remedy="End that one first.")
        shutil.rmtree(folder)
    return folder


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """End cleanly, whoever asks, also where interrupts were ignored by who started us."""
    raise KeyboardInterrupt
