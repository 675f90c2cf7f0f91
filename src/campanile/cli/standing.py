"""The command `status`: what needs somebody now."""

from dataclasses import asdict

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import json_option, show_json, show_table


@click.command("status")
@json_option
def status_command(as_json: bool) -> None:
    """Show what needs you now, one line each, with the next command."""
    from campanile.operations.hosting.serving import is_running
    from campanile.operations.hosting.stack import running_stack
    from campanile.operations.watching.standing import needs

    with opened_project() as project:
        found = needs(project)
        stack = running_stack(project.state)
        address = stack.url if stack else project.dagster_url if is_running(project) else None
        opened = len(project.store.executions.open_executions())
        refusal = project.store.sending.state().refusal(project.identity)
    if as_json:
        show_json(
            {
                "project": project.name,
                "environment": project.environment,
                "served_at": address,
                "sending_refused": refusal,
                "open_executions": opened,
                "needs": [asdict(one) for one in found],
            }
        )
        return
    served = f"served at {address}" if address else "not served"
    sends = "sending is allowed" if refusal is None else "sending is NOT allowed"
    click.echo(f"{project.name} ({project.environment}): {served}; {sends}; {opened} executions.")
    if found:
        show_table(
            ("what", "needs you because", "next"),
            [(one.object, one.sentence, one.command) for one in found],
        )
    else:
        click.echo("Nothing needs you now.")
