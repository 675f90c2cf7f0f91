"""Commands that steer an execution under way: pause, resume, stop, restart."""

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted


@click.command("pause")
@click.argument("name")
@click.argument("execution", required=False)
@click.option("--reason", default="by hand", show_default=True, help="For the audit log.")
def pause_command(name: str, execution: str | None, reason: str) -> None:
    """Start nothing new and send nothing more of an execution, until it is resumed."""
    from campanile.operations.authoring.lives import pause

    with opened_project() as project:
        found = pause(project, name, execution, actor=project.actor.name, reason=reason)
    click.echo(
        f"Execution {found.name} is paused; what runs now ends, nothing begins, and sending stops "
        f"within a second; go on with: campanile resume {name} {found.key}"
    )


@click.command("resume")
@click.argument("name")
@click.argument("execution", required=False)
@click.option("--reason", help="For the audit log.")
def resume_command(name: str, execution: str | None, reason: str | None) -> None:
    """Go on with an execution that is paused or was stopped, or start one held as too late."""
    from campanile.operations.authoring.lives import resume
    from campanile.operations.hosting.serving import run_what_is_due

    with opened_project() as project:
        found = resume(project, name, execution, actor=project.actor.name, reason=reason)
        waits = project.store.executions.waits_for(found.id).sentence
        served = run_what_is_due(project)
    click.echo(
        f"Execution {found.name} is {found.status}: {waits}; {served}; "
        f"see: campanile executions {name}"
    )


@click.command("stop")
@click.argument("name")
@click.argument("execution", required=False)
@click.option("--reason", default="by hand", show_default=True, help="For the audit log.")
def stop_command(name: str, execution: str | None, reason: str) -> None:
    """End a campaign with all its executions, or one of them; what has not left is called back."""
    from campanile.operations.authoring.lives import stop
    from campanile.operations.authoring.steps import take_step

    with opened_project() as project:
        if execution is not None:
            found = stop(project, name, execution, actor=project.actor.name, reason=reason)
            what, messages = f"Execution {found.execution.name} is stopped", found.messages
            then = f"campanile resume {name} {execution}, or: campanile account {name} {execution}"
        else:
            taken = take_step(project, name, "stop", actor=project.actor.name, reason=reason)
            ended = counted(len(taken.ended), "execution")
            what, messages = f"'{name}' is {taken.campaign.status}, {ended} ended", taken.messages
            then = f"campanile duplicate {name} NEW_NAME, or: campanile account {name}"
    click.echo(
        f"{what}: {counted(messages.already_out, 'message')} were out already, "
        f"{messages.in_flight:,} in flight cannot be called back, "
        f"{messages.called_back:,} will not be sent; go on with: {then}"
    )


@click.command("restart")
@click.argument("name")
@click.argument("execution")
@click.option("--from", "activity", required=True, help="The activity to begin with.")
@click.option("--reason", default="by hand", show_default=True, help="For the audit log.")
def restart_command(name: str, execution: str, activity: str, reason: str) -> None:
    """Compute an activity and all that follows it anew, in the same execution."""
    from campanile.operations.authoring.lives import restart
    from campanile.operations.hosting.serving import run_what_is_due

    with opened_project() as project:
        found, again = restart(
            project, name, execution, activity, actor=project.actor.name, reason=reason
        )
        served = run_what_is_due(project)
    click.echo(
        f"Execution {found.name} is {found.status} again: {counted(len(again), 'transition')} "
        f"from '{activity}' on are computed anew, nothing was sent of them; {served}; "
        f"see: campanile executions {name}"
    )
