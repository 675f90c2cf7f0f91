"""The command `signal`: start a campaign that waits for one, or let its executions go on."""

import click

from campanile.cli.opening import opened_project
from campanile.cli.parameters import read_parameters


@click.command("signal")
@click.argument("name")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@click.option("--key", help="The same signal sent again under its key starts nothing anew.")
def signal_command(name: str, parameters: tuple[str, ...], key: str | None) -> None:
    """Start a campaign whose schedule is a signal; the parameters are the signal's payload."""
    from campanile.operations.authoring.signals import send_signal
    from campanile.operations.hosting.serving import run_what_is_due

    given = read_parameters(parameters)
    with opened_project() as project:
        sent = send_signal(project, name, given, actor=project.actor.name, key=key)
        served = run_what_is_due(project)
    if sent.undeclared:
        unknown = ", ".join(sent.undeclared)
        click.echo(f"Not declared by '{name}', kept and passed on as they are: {unknown}.")
    begun = "had begun before" if sent.repeated else f"is {sent.execution.status}"
    click.echo(
        f"Execution {sent.execution.key} of '{name}' version {sent.execution.version} {begun}; "
        f"{served}; see: campanile executions {name}"
    )
