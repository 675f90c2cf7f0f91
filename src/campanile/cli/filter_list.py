"""The command `filters`: the predefined filters, and the campaigns that call each."""

from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import json_option, note, show_json, show_table
from campanile.relations.rules import rule_tree_to_text

if TYPE_CHECKING:
    from campanile.operations.authoring.filter_uses import FilterUse, VersionUse


@click.command("filters")
@click.argument("name", required=False)
@json_option
def filters_command(name: str | None, as_json: bool) -> None:
    """List the predefined filters with the campaigns that use each; NAME shows one of them."""
    from campanile.operations.authoring.filter_uses import filter_uses

    with opened_project() as project:
        found = filter_uses(project, name)
    if as_json:
        show_json([one.to_dict() for one in found])
    elif name is not None:
        _show(found[0])
    elif found:
        rows = [
            (_call(one), one.dimension, one.file.label or one.file.description, _short(one))
            for one in found
        ]
        show_table(("filter", "dimension", "finds", "used by"), rows)
    else:
        note("The project has no filters: a file in filters/ makes one.")


def _show(one: "FilterUse") -> None:
    click.echo(click.style(_call(one), bold=True) + f"  rows of {one.dimension}")
    for text in (one.file.label, one.file.description):
        if text:
            click.echo(f"  {text}")
    click.echo(f"  where: {rule_tree_to_text(one.file.where)}")
    rows = [
        ("files", ", ".join(one.files)),
        ("published", _versions(one.published)),
        ("drafts", _versions(one.drafts)),
        ("filters", ", ".join(one.filters)),
    ]
    show_table(("used by", ""), rows)


def _call(one: "FilterUse") -> str:
    """How it is called: with the default of each parameter, or its type where there is none."""
    given = [f"{key} => {p.default or p.type}" for key, p in one.file.parameters.items()]
    return f"{one.file.name}({', '.join(given)})"


def _short(one: "FilterUse") -> str:
    return ", ".join([*one.campaigns, *(f"{name}()" for name in one.filters)])


def _versions(uses: "tuple[VersionUse, ...]") -> str:
    """Each with its version, and whether it goes on with another text of the filter."""
    return ", ".join(
        f"{one.campaign} (version {one.version}{', with an older text' if one.differs else ''})"
        for one in uses
    )
