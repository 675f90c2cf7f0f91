"""The command `init`: a new project."""

from pathlib import Path

import click

from campanile.cli.output import counted


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", help="Name of the project; made of the folder's when left out.")
def init_command(folder: Path, name: str | None) -> None:
    """Make a project in FOLDER: settings, catalog, one campaign with its template, schemas."""
    from campanile.operations.authoring.scaffolding import scaffold
    from campanile.people.person import LONGEST_DAYS
    from campanile.settings.people import make_first_administrator

    written = scaffold(folder, name)
    for path in written:
        click.echo(f"  {path}")
    first = make_first_administrator(folder.resolve())
    if first is not None:
        shown = first.token.relative_to(folder.resolve())
        click.echo(
            f"{first.name} is administrator; the token is in {shown}, readable for you only; "
            f"commands use it for {LONGEST_DAYS} days"
        )
    click.echo(
        f"{counted(len(written), 'file')} written, nothing runs and nobody is written to; next: "
        f"cd {folder} && campanile load customer FILE.csv && campanile plan"
    )
