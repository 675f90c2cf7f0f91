"""Commands that decide about an execution that failed checks hold: approve, reject."""

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted

_VERSION = click.option(
    "--version", type=int, help="The version you looked at; any other one is refused."
)


@click.command("approve")
@click.argument("name")
@click.argument("execution", required=False)
@click.option("--activity", help="Only the checks of this activity.")
@_VERSION
@click.option("--reason", default="by hand", show_default=True, help="For the audit log.")
def approve_command(
    name: str, execution: str | None, activity: str | None, version: int | None, reason: str
) -> None:
    """Let an execution go on although its checks failed."""
    from campanile.operations.hosting.serving import run_what_is_due
    from campanile.operations.scheduling.decisions import approve

    with opened_project() as project:
        found = approve(
            project,
            name,
            execution,
            actor=project.actor.name,
            reason=reason,
            activity=activity,
            version=version,
        )
        waits = project.store.executions.waits_for(found.id).sentence
        served = run_what_is_due(project)
    click.echo(
        f"Execution {found.name} is approved and {found.status}: {waits}; {served}; "
        f"see: campanile executions {name}"
    )


@click.command("reject")
@click.argument("name")
@click.argument("execution", required=False)
@_VERSION
@click.option("--reason", default="by hand", show_default=True, help="For the audit log.")
def reject_command(name: str, execution: str | None, version: int | None, reason: str) -> None:
    """End an execution because its checks failed; nothing that follows them is done."""
    from campanile.operations.scheduling.decisions import reject

    with opened_project() as project:
        found = reject(
            project, name, execution, actor=project.actor.name, reason=reason, version=version
        )
    click.echo(
        f"Execution {found.execution.name} is rejected and stopped: "
        f"{counted(found.messages.called_back, 'message')} of other branches will not be sent; "
        f"see: campanile executions {name}"
    )
