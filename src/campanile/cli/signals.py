"""The command `signal`: start a campaign that waits for one, or let its executions go on."""

import click

from campanile.cli.opening import opened_project
from campanile.cli.parameters import read_parameters


@click.command("signal")
@click.argument("name")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@click.option("--key", help="The same signal sent again under its key starts nothing anew.")
@click.option("--for", "signal", help="Start nothing: executions that await this signal go on.")
@click.option("--execution", help="With --for: this execution only.")
def signal_command(
    name: str,
    parameters: tuple[str, ...],
    key: str | None,
    signal: str | None,
    execution: str | None,
) -> None:
    """Start a campaign whose schedule is a signal, or let executions go on that await one.

    The parameters are the signal's payload.
    """
    if signal is None and execution is not None:
        raise click.UsageError("--execution goes with --for.")
    if signal is not None and (parameters or key):
        raise click.UsageError("--for takes neither --param nor --key.")
    if signal is None:
        _start(name, read_parameters(parameters), key)
    else:
        _let_go_on(name, signal, execution)


def _start(name: str, parameters: dict[str, str], key: str | None) -> None:
    from campanile.operations.authoring.signals import send_signal
    from campanile.operations.hosting.serving import run_what_is_due

    with opened_project() as project:
        sent = send_signal(project, name, parameters, actor=project.actor.name, key=key)
        served = run_what_is_due(project)
    if sent.undeclared:
        unknown = ", ".join(sent.undeclared)
        click.echo(f"Not declared by '{name}', kept and passed on as they are: {unknown}.")
    begun = "had begun before" if sent.repeated else f"is {sent.execution.status}"
    click.echo(
        f"Execution {sent.execution.key} of '{name}' version {sent.execution.version} {begun}; "
        f"{served}; see: campanile executions {name}"
    )


def _let_go_on(name: str, signal: str, execution: str | None) -> None:
    from campanile.operations.authoring.signals import let_go_on
    from campanile.operations.hosting.serving import run_what_is_due

    with opened_project() as project:
        taken = let_go_on(project, name, signal, key=execution, actor=project.actor.name)
        served = run_what_is_due(project)
    keys = ", ".join(one.key for one in taken)
    click.echo(
        f"'{signal}' came for {keys} of '{name}'; {served}; see: campanile executions {name}"
    )
