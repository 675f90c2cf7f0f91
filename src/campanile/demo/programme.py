"""What the demonstration prints once it is up: the accounts, where to look, and the walk."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from campanile.demo.accounts import DeliveryAccount
from campanile.demo.performance import Performance
from campanile.demo.stage import Stage
from campanile.demo.walk import STEPS
from campanile.operations.feedback.reports import report

_COUNTS = ("planned", "sent", "excluded", "failed", "uncertain", "opened", "clicked")


def print_accounts(
    console: Console, performance: Performance, accounts: Sequence[DeliveryAccount]
) -> None:
    """One line for each delivery: what became of its messages, and whether that adds up."""
    table = Table("delivery", title="Every message accounted for", title_justify="left")
    table.box = SIMPLE_HEAD
    for name in _COUNTS:
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


def print_places(console: Console, stage: Stage) -> None:
    """Where to look, and what to try."""
    lines = (
        ("The campaign as a graph", stage.lineage_url("welcome_back")),
        ("Four weeks of the newsletter", stage.asset_url("weekly_offer", "offer__report")),
        ("All runs, as they happened", f"{stage.dagster_url}/runs"),
        ("What was delivered", stage.inbox_url),
        ("The tracking service", f"{stage.tracking_url}/health"),
    )
    console.print("\n[bold]Look at[/]")
    for title, address in lines:
        console.print(f"  {title:30}[link]{address}[/]", soft_wrap=True)
    console.print("\n[bold]A walk, for a second terminal in this folder[/]")
    for number, step in enumerate(STEPS, start=1):
        console.print(f"\n  [bold]{number}. {step.title}[/]")
        for command in step.commands:
            console.print(f"     [cyan]{command}[/]", soft_wrap=True)
    console.print(
        "\nWhat each shows is told in docs/start/guided-walk.md. Ctrl-C ends everything; "
        "[bold]campanile demo[/] goes on from there.",
        soft_wrap=True,
    )
