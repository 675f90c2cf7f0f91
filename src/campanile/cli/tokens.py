"""The command `tokens`: by what people and programs are known."""

from dataclasses import asdict

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import instant, json_option, show_json, show_table
from campanile.people.person import LONGEST_DAYS, TOKEN_DAYS


@click.group("tokens")
def tokens_command() -> None:
    """Make, list, keep and revoke tokens; a token is shown once and stored nowhere."""


@tokens_command.command("create")
@click.argument("name")
@click.option("--label", default="", help="What it is for, such as the name of a program.")
@click.option("--days", type=click.IntRange(1, LONGEST_DAYS), default=TOKEN_DAYS,
              show_default=True, help="How long it is good.")  # fmt: skip
@json_option
def create_command(name: str, label: str, days: int, as_json: bool) -> None:
    """Make a token for NAME and show it, this once."""
    from campanile.operations.people.accounts import create_token

    with opened_project() as project:
        made = create_token(project, name, label=label, days=days)
    if as_json:
        show_json({"token": made.secret, **asdict(made.row)})
        return
    click.echo(made.secret)
    click.echo(
        f"Token {made.row.id} of {name} is good until {instant(made.row.expires_at)} and is "
        f"shown only now; end it with: campanile tokens revoke {made.row.id}",
        err=True,
    )


@tokens_command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """Show your tokens; an administrator sees everybody's."""
    from campanile.operations.people.accounts import list_tokens

    with opened_project() as project:
        found, now = list_tokens(project), project.clock()
    if as_json:
        show_json([{**asdict(one), "state": one.state(now)} for one in found])
        return
    heads = ("token", "person", "for", "state", "until", "last used")
    rows = [
        (one.id, one.person, one.label, one.state(now), instant(one.expires_at),
         instant(one.last_used_at))
        for one in found
    ]  # fmt: skip
    show_table(heads, rows)


@tokens_command.command("revoke")
@click.argument("number", type=int)
def revoke_command(number: int) -> None:
    """End token NUMBER now: yours, or anybody's if you are administrator."""
    from campanile.operations.people.accounts import revoke_token

    with opened_project() as project:
        found = revoke_token(project, number)
    click.echo(f"Token {number} of {found.person} is good no more; "
               f"a new one: campanile tokens create {found.person}")  # fmt: skip


@tokens_command.command("keep")
def keep_command() -> None:
    """Ask for a token and keep it for this user of the machine, who then need not name it."""
    from campanile.operations.people.accounts import sign_in
    from campanile.settings.people import keep_token
    from campanile.settings.project import open_project

    secret = click.prompt("Token", hide_input=True, err=True).strip()
    project = open_project(sends=False)
    try:
        person = sign_in(project, secret, "command line")
        file = keep_token(project.state, secret)
    finally:
        project.store.close()
    click.echo(f"Commands of this user act for {person.name}; the token is in {file}; "
               "see: campanile tokens list")  # fmt: skip


@tokens_command.command("rescue")
def rescue_command() -> None:
    """Make yourself administrator when all tokens are lost; for the owner of the project's folder.

    After a restore on another machine, too: no backup holds a usable token. The audit log says it.
    """
    from campanile.settings.people import admit_owner
    from campanile.settings.project import open_project

    project = open_project(sends=False)
    try:
        found = admit_owner(project)
    finally:
        project.store.close()
    click.echo(f"{found.name} is administrator; the token is in {found.token}, readable for you "
               "only; see: campanile users list")  # fmt: skip
