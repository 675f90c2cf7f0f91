"""The command `reference`, for whoever works on the product."""

from pathlib import Path

import click

from campanile.cli.output import counted


@click.command("reference", hidden=True)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def reference_command(folder: Path) -> None:
    """Write the reference pages of this version into FOLDER, docs/reference in the repository."""
    from campanile.cli.reference.pages import write_reference

    written = write_reference(folder)
    for path in written:
        click.echo(f"  {path}")
    click.echo(f"{counted(len(written), 'page')} written, the others say this already.")
