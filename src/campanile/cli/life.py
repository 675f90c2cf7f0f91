"""Commands that give a campaign its life: publish, start, confirm."""

from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, people, progress
from campanile.cli.parameters import read_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from campanile.operations.project import Project


@click.command("publish")
@click.argument("name")
@click.option("--version", type=int, help="The version; the latest when left out.")
@click.option("--no-count", is_flag=True, help="Do not count whom it would reach now.")
def publish_command(name: str, version: int | None, no_count: bool) -> None:
    """Make a version the one that new executions run."""
    from campanile.campaigns.schedule import AsapSchedule
    from campanile.operations.authoring.launches import launch_sentence
    from campanile.operations.authoring.versions import get_version, publish
    from campanile.operations.hosting.serving import serve_published
    from campanile.operations.rehearsing.reached import count_reached

    with opened_project() as project:
        published = publish(
            project, name, version=version, actor=project.actor.name, count=count_reached
        )
        served = serve_published(project)  # first: who waits for it need not wait for the count
        reach = "" if no_count else _reach(project, name, published.version)
        campaign = get_version(project, name, published.version).campaign
        starts = launch_sentence(campaign, project.clock())
    if published.execution is not None:
        starts = f"execution {published.execution.key} has begun"
    elif isinstance(campaign.schedule, AsapSchedule):
        starts = f"this version ran already; `campanile start {name}` runs it again"
    click.echo(
        f"'{name}' is {published.campaign.status} with version {published.version}: "
        f"{starts}{reach}; {served}; see: campanile show {name}"
    )


@click.command("start")
@click.argument("name")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@click.option("--no-count", is_flag=True, help="Do not count whom it reaches.")
def start_command(name: str, parameters: tuple[str, ...], no_count: bool) -> None:
    """Start a live execution of the published version now."""
    from campanile.operations.authoring.versions import start_execution
    from campanile.operations.hosting.serving import run_what_is_due

    given = read_parameters(parameters)
    with opened_project() as project:
        execution = start_execution(
            project, name, kind="manual", parameters=given, actor=project.actor.name
        )
        reach = "" if no_count else _reach(project, name, execution.version, given)
        served = run_what_is_due(project)
    click.echo(
        f"Execution {execution.key} of '{name}' version {execution.version} is requested{reach}; "
        f"{served}; see: campanile executions {name}"
    )


def _reach(
    project: "Project", name: str, version: int, given: "Mapping[str, str] | None" = None
) -> str:
    """How many its first messages reach on today's data, as the middle of a sentence."""
    from campanile.operations.rehearsing.rehearsals import rehearsal

    with progress("counting people"), rehearsal(project) as place:
        found = place.run(name, place.take_stored(name, version), given)
    if found.trouble:
        return f"; whom it reaches cannot be counted now ({found.trouble})"
    if not found.messages:
        return ""
    receives = sum(message.receives for message in found.messages.values())
    asked = any(message.confirm for message in found.messages.values())
    after = f", after `campanile confirm {name}`" if asked else ""
    return f"; its first messages would reach {people(receives)} today{after}"


@click.command("confirm")
@click.argument("name")
@click.argument("execution", required=False)
@click.argument("activity", required=False)
@click.option("--messages", type=int, help="The number you were shown; any other is refused.")
def confirm_command(
    name: str, execution: str | None, activity: str | None, messages: int | None
) -> None:
    """Let a delivery go that waits for it; all of the execution's when no activity is named."""
    from campanile.operations.authoring.lives import confirm
    from campanile.operations.hosting.serving import run_what_is_due

    with opened_project() as project:
        confirmed = confirm(
            project, name, execution, activity, actor=project.actor.name, messages=messages
        )
        served = run_what_is_due(project)
        refusal = project.store.sending.state().refusal(project.identity)
    for delivery, account in confirmed:
        excluded = f", {account.excluded_total:,} are left out" if account.excluded_total else ""
        click.echo(
            f"'{delivery.activity}': {counted(account.waiting, 'message')} to send{excluded}"
        )
    total = sum(account.waiting for _, account in confirmed)
    when = f"but {refusal}" if refusal else f"they leave from now on; {served}"
    click.echo(f"{counted(total, 'message')} confirmed; {when}; see: campanile account {name}")
