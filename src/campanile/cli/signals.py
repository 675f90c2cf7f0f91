"""The command `signal`: start a campaign that waits for one."""

import click

from campanile.cli.opening import acting, opened_project
from campanile.cli.parameters import read_parameters


@click.command("signal")
@click.argument("name")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter.")
def signal_command(name: str, parameters: tuple[str, ...]) -> None:
    """Start a campaign whose schedule is a signal; the parameters are the signal's payload."""
    from campanile.operations.authoring.signals import send_signal
    from campanile.operations.hosting.serving import run_what_is_due

    given = read_parameters(parameters)
    with opened_project() as project:
        execution = send_signal(project, name, given, actor=acting())
        served = run_what_is_due(project)
    click.echo(
        f"Execution {execution.key} of '{name}' version {execution.version} is {execution.status}; "
        f"{served}; see: campanile executions {name}"
    )
