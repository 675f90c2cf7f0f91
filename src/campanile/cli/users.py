"""The command `users`: who is let in, and as what."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, json_option, show_json, show_table
from campanile.people.person import LONGEST_DAYS
from campanile.people.rights import GRANTABLE, ROLES, Right, Role

if TYPE_CHECKING:
    from campanile.operations.project import Project
    from campanile.people.person import Person

_ROLE = click.Choice(ROLES)
_grant = click.option("--grant", "granted", multiple=True, type=click.Choice(sorted(GRANTABLE)),
                      help="A right beside the role; may be repeated.")  # fmt: skip
_tag = click.option("--tag", "tags", multiple=True,
                    help="Only for campaigns with this tag; may be repeated.")  # fmt: skip


@click.group("users")
def users_command() -> None:
    """Let people in, say what they may do, and close their accounts."""


@users_command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """Show everybody with role, grants, limit and groups."""
    from campanile.operations.people.accounts import everybody

    with opened_project() as project:
        found = everybody(project)
    if as_json:
        show_json([_json(one) for one in found])
        return
    if not found:
        click.echo("Nobody has an account: whoever opens this project may do everything; "
                   "see: campanile users add -h")  # fmt: skip
        return
    heads = ("person", "role", "also", "only for", "groups", "closed")
    show_table(heads, [_row(one) for one in found])


@users_command.command("add")
@click.argument("name")
@click.option("--role", type=_ROLE, default="viewer", show_default=True, help="What it may do.")
@_grant
@_tag
@click.option("--email", help="Where reminders go.")
def add_command(
    name: str, role: str, granted: Sequence[str], tags: Sequence[str], email: str | None
) -> None:
    """Give NAME an account; a token lets it in."""
    from campanile.operations.people.accounts import add_person

    with opened_project() as project:
        is_first = not project.store.people.exist()
        made = add_person(
            project,
            name,
            cast(Role, role),
            granted=[Right(one) for one in granted],
            limited_to=tags or None,
            email=email,
        )
        kept = _keep_first_token(project, name) if is_first else None
    if kept is None:
        click.echo(f"{_sentence(made)}; let it in with: campanile tokens create {name}")
        return
    click.echo(
        f"{_sentence(made)}, and commands of this user act for {name}: the token is in {kept}; "
        "from now on nobody does anything here without one; see: campanile users list"
    )


def _keep_first_token(project: "Project", name: str) -> Path:
    """Let whoever made the first account go on: without a token the next command is refused."""
    from campanile.operations.people.accounts import create_token
    from campanile.settings.people import keep_token

    made = create_token(project, name, label="this machine", days=LONGEST_DAYS)
    return keep_token(project.state, made.secret)


@users_command.command("role")
@click.argument("name")
@click.argument("role", type=_ROLE)
@_grant
@_tag
def role_command(name: str, role: str, granted: Sequence[str], tags: Sequence[str]) -> None:
    """Replace role, grants and limit of NAME by these; they hold at once."""
    from campanile.operations.people.accounts import change_role

    with opened_project() as project:
        changed = change_role(
            project,
            name,
            cast(Role, role),
            granted=[Right(one) for one in granted],
            limited_to=tags or None,
        )
    click.echo(f"{_sentence(changed)} from now on; see: campanile users list")


@users_command.command("disable")
@click.argument("name")
def disable_command(name: str) -> None:
    """Close the account of NAME and revoke its tokens; what it did stays in the audit log."""
    from campanile.operations.people.accounts import disable_person

    with opened_project() as project:
        disable_person(project, name)
    click.echo(f"The account of {name} is closed, its tokens are good no more; "
               f"open it again with: campanile users enable {name}")  # fmt: skip


@users_command.command("enable")
@click.argument("name")
def enable_command(name: str) -> None:
    """Open a closed account again; it needs a new token."""
    from campanile.operations.people.accounts import enable_person

    with opened_project() as project:
        found = enable_person(project, name)
    click.echo(f"{_sentence(found)} again; let it in with: campanile tokens create {name}")


@users_command.command("group")
@click.argument("group")
@click.argument("names", nargs=-1)
def group_command(group: str, names: Sequence[str]) -> None:
    """Say that exactly NAMES are in GROUP; without a name there is no such group any more."""
    from campanile.operations.people.accounts import set_group

    with opened_project() as project:
        set_group(project, group, names)
    click.echo(f"Group {group} has {counted(len(set(names)), 'member')}; "
               "see: campanile users list")  # fmt: skip


def _sentence(person: "Person") -> str:
    also = f" and may {', '.join(sorted(person.granted))}" if person.granted else ""
    only = f", for campaigns tagged {_listed(person.limited_to)}" if person.limited_to else ""
    return f"{person.name} is {person.role}{also}{only}"


def _row(person: "Person") -> tuple[object, ...]:
    return (
        person.name,
        person.role,
        ", ".join(sorted(person.granted)),
        _listed(person.limited_to),
        ", ".join(person.groups),
        person.disabled_at is not None,
    )


def _listed(tags: frozenset[str] | None) -> str:
    return ", ".join(sorted(tags or ()))


def _json(person: "Person") -> dict[str, object]:
    return {
        "name": person.name,
        "role": person.role,
        "granted": sorted(person.granted),
        "limited_to": None if person.limited_to is None else sorted(person.limited_to),
        "groups": list(person.groups),
        "created_at": person.created_at,
        "disabled_at": person.disabled_at,
    }
