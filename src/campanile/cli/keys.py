"""The command `keys`: which keys sign links, a new one, and the end of an old one."""

from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, instant, json_option, note, show_json, show_table
from campanile.errors import Refused

if TYPE_CHECKING:
    from campanile.operations.project import Project
    from campanile.tracking.tokens import KeyRing


@click.group("keys")
def keys_command() -> None:
    """List, rotate and retire the keys that sign links; the secrets are never shown."""


@keys_command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """Show the keys by id, and how many deliveries have links that depend on each."""
    from campanile.operations.keeping.rotation import key_uses

    with opened_project(sends=False) as project:
        uses = key_uses(project)
    if as_json:
        show_json([{"id": use.id, "signs": use.is_current, "deliveries": use.deliveries,
                    "last_planned": use.last_planned} for use in uses])  # fmt: skip
        return
    rows = [(use.id, use.is_current, use.deliveries, instant(use.last_planned)) for use in uses]
    show_table(("key", "signs", "deliveries", "last one"), rows)


@keys_command.command("rotate")
def rotate_command() -> None:
    """Make a new key that signs from now on; links signed with the others stay good."""
    from campanile.operations.keeping.rotation import with_new_key

    with opened_project(sends=False) as project:
        keys = with_new_key(project.keys)
        _keep(project, keys, "rotate_keys", keys.current)
    click.echo(
        f"Key {keys.current} signs what is planned from now on; running services take it up by "
        "themselves; old links stay good. Make a backup now: campanile backup FOLDER"
    )


@keys_command.command("retire")
@click.argument("number", type=int)
@click.option("--yes", is_flag=True, help="Do not ask.")
def retire_command(number: int, yes: bool) -> None:
    """Forget key NUMBER: every link that it signed is dead, unsubscribe links too."""
    from campanile.operations.keeping.rotation import key_uses, require_unused, without_key

    with opened_project(sends=False) as project:
        keys = without_key(project.keys, number)
        use = next(one for one in key_uses(project) if one.id == number)
        require_unused(use)
        if use.deliveries:
            note(
                f"{counted(use.deliveries, 'delivery', 'deliveries')}, the last of "
                f"{instant(use.last_planned)}, have links signed with key {number}: they will be "
                "dead, and nobody can unsubscribe by them. The law asks for working links for "
                "weeks to years after the message."
            )
        if not yes:
            click.confirm(f"Forget key {number} for good?", abort=True, err=True)
        _keep(project, keys, "retire_key", number)
    click.echo(
        f"Key {number} is forgotten; the tracking service knows it until it is restarted: "
        "systemctl restart campanile-tracking"
    )


def _keep(project: "Project", keys: "KeyRing", action: str, number: int) -> None:
    from campanile.people.rights import Right
    from campanile.settings.keys import KEYS_VARIABLE, are_in_environment, keys_file, write_keys

    project.actor.require(Right.ADMINISTER)
    if are_in_environment():
        raise Refused(
            f"the keys come from the variable {KEYS_VARIABLE}; nothing was changed.",
            remedy='Add a key to its value there: {"current": 2, "keys": {"1": …, "2": …}}.',
        )
    write_keys(keys_file(project.state), keys)
    project.store.audit.record(project.actor.name, action, "project", key=number)
