"""Commands that take a campaign from one status to the next: back to draft, closed, put away."""

from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted

if TYPE_CHECKING:
    from campanile.operations.authoring.steps import PersonsStep, StepTaken

_reason = click.option("--reason", help="For the audit log.")


@click.command("unpublish")
@click.argument("name")
@_reason
def unpublish_command(name: str, reason: str | None) -> None:
    """Bring a campaign back to draft: before its first launch, or after an error stopped it."""
    taken = _take(name, "unpublish", reason)
    click.echo(
        f"'{name}' is draft again: nothing of it starts any more{_ended(taken)}; "
        f"change its file, then: campanile apply {name} && campanile publish {name}"
    )


@click.command("close")
@click.argument("name")
@_reason
def close_command(name: str, reason: str | None) -> None:
    """Let what is under way end, and start nothing new: nobody else enters."""
    taken = _take(name, "close", reason)
    with opened_project() as project:
        left = len(project.store.executions.open_executions(name))
    click.echo(
        f"'{name}' is closed: nobody new enters{_ended(taken)}, "
        f"{counted(left, 'execution')} under way will end as planned, and it is completed within "
        f"three days after; see: campanile executions {name}"
    )


@click.command("archive")
@click.argument("name")
@_reason
def archive_command(name: str, reason: str | None) -> None:
    """Put a campaign away that is not draft; 30 days later it is deleted."""
    taken = _take(name, "archive", reason)
    click.echo(
        f"'{name}' was {taken.before} and is archived: it is no longer listed, and is deleted with "
        f"its executions after 30 days; keep a copy with: campanile duplicate {name} NEW_NAME"
    )


@click.command("delete")
@click.argument("name")
@_reason
def delete_command(name: str, reason: str | None) -> None:
    """Delete a draft with its versions and tests; its file stays."""
    _take(name, "delete", reason)
    click.echo(
        f"The draft '{name}' is deleted; its file stays until you delete it, and "
        f"`campanile apply {name}` makes a draft of it again"
    )


@click.command("duplicate")
@click.argument("name")
@click.argument("new_name")
@click.option("--version", type=int, help="The version; the published one, or the latest.")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE",
              help="The default of a parameter in the copy; may be repeated.")  # fmt: skip
def duplicate_command(
    name: str, new_name: str, version: int | None, parameters: tuple[str, ...]
) -> None:
    """Write a copy of a campaign in any status as a file of another name, and save it as draft."""
    from campanile.cli.parameters import read_parameters
    from campanile.operations.authoring.duplicating import duplicate

    given = read_parameters(parameters)
    with opened_project() as project:
        made = duplicate(
            project, name, new_name, version=version, defaults=given, actor=project.actor.name
        )
    click.echo(
        f"'{new_name}' is a draft, a copy of '{name}' version {made.copied}, in {made.file}; "
        f"nothing runs until publish: campanile plan {new_name}"
    )


def _take(name: str, step: "PersonsStep", reason: str | None) -> "StepTaken":
    from campanile.operations.authoring.steps import take_step
    from campanile.operations.hosting.serving import serve_published

    with opened_project() as project:
        taken = take_step(project, name, step, actor=project.actor.name, reason=reason)
        serve_published(project)
    return taken


def _ended(taken: "StepTaken") -> str:
    """What ended by it, as the middle of a sentence."""
    if not taken.ended:
        return ""
    found = taken.messages
    ended = f", {counted(len(taken.ended), 'execution')} ended"
    if not (found.already_out or found.in_flight or found.called_back):
        return ended
    return (
        f"{ended} ({counted(found.already_out, 'message')} were out already, "
        f"{found.in_flight:,} in flight cannot be called back, "
        f"{found.called_back:,} will not be sent)"
    )
