"""The command `alerts`: what campaigns told, and who is told by mail."""

from dataclasses import asdict

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import instant, json_option, show_json, show_table

_campaign = click.option("--campaign", help="Of this campaign only; of all when left out.")


@click.group("alerts")
def alerts_command() -> None:
    """Show what campaigns told, and choose who is told by mail beside their supervisors."""


@alerts_command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """Show the last alerts, and who subscribed."""
    from campanile.operations.scheduling.subscriptions import subscriptions

    with opened_project() as project:
        told = project.store.alerts.newest(limit=20)
        found = subscriptions(project)
    if as_json:
        show_json({"alerts": [asdict(one) for one in told], "told": [asdict(one) for one in found]})
        return
    show_table(
        ("at", "campaign", "activity", "alert"),
        [(instant(one.at), one.campaign, one.activity, one.title) for one in told],
    )
    show_table(
        ("told by mail", "of", "since"),
        [(one.address, one.campaign or "all campaigns", instant(one.at)) for one in found],
    )


@alerts_command.command("subscribe")
@click.argument("address")
@_campaign
def subscribe_command(address: str, campaign: str | None) -> None:
    """Tell ADDRESS of alerts by mail from now on."""
    from campanile.operations.scheduling.subscriptions import subscribe

    with opened_project() as project:
        is_new = subscribe(project, address, campaign)
    of = f"alerts of '{campaign}'" if campaign else "all alerts"
    click.echo(f"{'Is told' if is_new else 'Was told already'} of {of}; see: campanile alerts list")


@alerts_command.command("unsubscribe")
@click.argument("address")
@_campaign
def unsubscribe_command(address: str, campaign: str | None) -> None:
    """Tell ADDRESS no more."""
    from campanile.operations.scheduling.subscriptions import unsubscribe

    with opened_project() as project:
        unsubscribe(project, address, campaign)
    click.echo("Is told no more; see: campanile alerts list")
