"""The command that prints or writes the JSON Schemas by which editors complete and check files."""

from pathlib import Path

import click

from campanile.cli.output import show_json

_KINDS = ("campaign", "catalog", "channels", "filter", "distribution", "project")


@click.command("schema")
@click.argument("kind", type=click.Choice(_KINDS), default="campaign")
@click.option("--write", "folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write the schemas of all kinds into DIR, and tell VS Code.")  # fmt: skip
def schema_command(kind: str, folder: Path | None) -> None:
    """Print the JSON Schema of a kind of file, or write all of them for an editor."""
    if folder is None:
        from campanile.campaigns.schema import json_schema

        show_json(json_schema(kind))  # type: ignore[arg-type]
        return
    from campanile.operations.authoring.editor_files import schema_comment, write_schemas

    for file in write_schemas(folder):
        click.echo(f"{file}: written")
    comment = schema_comment("campaign", "campaigns/any.yaml", folder.as_posix())
    click.echo(f"For other editors, the first line of a campaign file: {comment}", err=True)
