"""The demonstration as a program: sets the stage, lets the campaigns run, shows where to look."""

import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from campanile.cli.demo import demo_options
from campanile.demo.accounts import DeliveryAccount
from campanile.demo.performance import Performance
from campanile.demo.stage import Stage
from campanile.demo.steps import Steps
from campanile.errors import CampanileError, EngineError, FaultsFound, Refused
from campanile.operations.feedback.reports import report
from campanile.operations.hosting.stack import running_stack
from campanile.settings.project import DEMO_FOLDER

_LONGEST_SECONDS: Final = 900.0
_LOOK_SECONDS: Final = 1.0
_PLAIN_WIDTH: Final = 110
_ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command("campanile demo")
@demo_options
def main(once: bool, fresh: bool, customers: int, seed: int) -> None:
    """Show everything: a made-up shop, three campaigns, an inbox, people who click."""
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
    console: Console, template: Path, folder: Path, customers: int, seed: int, *, stays: bool
) -> bool:
    """Run one performance; returns whether every account closes."""
    steps = Steps(console)
    with ExitStack() as opened:
        with steps.step("Start inbox, tracking and recipients"):
            stage = opened.enter_context(Stage.open(template, folder))
        opened.enter_context(_ending(console))
        performance = _perform(steps, stage, customers, seed)
        accounts = performance.accounts()
        _print_accounts(console, performance, accounts)
        if stays:
            _print_places(console, stage)
            _stay(stage)
    return all(each.is_closed for each in accounts)


def _perform(steps: Steps, stage: Stage, customers: int, seed: int) -> Performance:
    project = stage.project()
    performance = Performance(project, project.clock())
    with steps.step(f"Load a shop of {customers:,} customers") as say:
        performance.load_shop(customers, seed, say)
    with steps.step("Publish three campaigns"):
        performance.publish()
    with steps.step("Start Dagster"):
        stage.start_stack()
    steps.console.print(f"  watch: [link]{stage.lineage_url('welcome_back')}[/]")
    with steps.watch("Campaigns run; people open and click") as tell:
        performance.wait(_LONGEST_SECONDS, tell, stage.ended)
    return performance


def _print_accounts(
    console: Console, performance: Performance, accounts: Sequence[DeliveryAccount]
) -> None:
    table = Table("delivery", title="Every message accounted for", title_justify="left")
    table.box = SIMPLE_HEAD
    for name in ("planned", "sent", "excluded", "failed", "uncertain", "opened", "clicked"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("closes")
    for each in accounts:
        account = each.account
        numbers = report(performance.project, each.campaign, each.execution)
        reactions = numbers.activity(each.activity).numbers
        counts = (account.planned, account.sent, account.excluded_total, account.failed_total)
        people = (reactions.reaction(kind).messages for kind in ("opened", "clicked"))
        figures = [f"{count:,}" for count in (*counts, account.uncertain, *people)]
        closes = "[green]yes[/]" if each.is_closed else "[red]no[/]"
        table.add_row(f"{each.campaign}.{each.activity}", *figures, closes)
    console.print(table)
    console.print("[dim]Opened and clicked count people; scanners and prefetching stand apart.[/]")


def _print_places(console: Console, stage: Stage) -> None:
    lines = (
        ("The campaign as a graph", stage.lineage_url("welcome_back")),
        ("All runs, as they happened", f"{stage.dagster_url}/runs"),
        ("What was delivered", stage.inbox_url),
        ("The tracking service", f"{stage.tracking_url}/health"),
    )
    console.print("\n[bold]Look at[/]")
    for title, address in lines:
        console.print(f"  {title:28}{address}", soft_wrap=True)
    console.print("\n[bold]Try in another terminal, in this folder[/]")
    for command, title in (
        ("campanile status", "what needs you, what waits for what"),
        ("campanile report welcome_back", "who opened, who clicked, on what"),
        ("campanile account welcome_back", "where every message is"),
        ("campanile start weekly_offer", "send the newsletter again, now"),
    ):
        console.print(f"  {command:32}[dim]{title}[/]")
    files = stage.folder / "campaigns"
    console.print(
        f"\nThe campaigns are files in [bold]{files}[/]. Ctrl-C ends everything.", soft_wrap=True
    )


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
