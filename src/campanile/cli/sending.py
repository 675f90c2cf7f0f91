"""Commands over all sending: halt it within two seconds, and allow it again."""

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, note


@click.command("halt")
@click.option("--reason", default="by hand", show_default=True, help="Shown to whoever asks why.")
def halt_command(reason: str) -> None:
    """Stop every send of this project within two seconds."""
    from campanile.operations.sending.armings import halt

    with opened_project() as project:
        waiting = halt(project, reason=reason)
    click.echo(
        f"Sending is halted: within 2 seconds nothing leaves; {counted(waiting, 'message')} wait "
        f"until sending is allowed again: campanile arm"
    )


@click.command("arm")
@click.option("--yes", is_flag=True, help="Do not ask, even if messages may be sent twice.")
def arm_command(yes: bool) -> None:
    """Allow sending again after a halt, or for the first time on a restored copy."""
    from campanile.operations.sending.armings import look, rearm

    with opened_project() as project:
        found = look(project)
        if found.refusal is None:
            click.echo("Sending is armed already: messages that are due leave; nothing changed.")
            return
        note(f"Until now: {found.refusal}.")
        if found.gap:
            note(
                f"This store is older than what was sent from here: {counted(found.gap, 'message')}"
                " at least left after it was copied, and would be sent a second time."
            )
            if not yes:
                click.confirm("Allow sending all the same?", abort=True, err=True)
        rearm(project, actor=project.actor.name, gap=found.gap)
    click.echo(
        f"Sending is armed for '{project.environment}': {counted(found.waiting, 'message')} may "
        f"leave as soon as they are due; stop with: campanile halt"
    )
