"""The command `audiences`: what is saved under a name, how fresh it is, and who uses it."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import instant, json_option, note, show_json, show_table

if TYPE_CHECKING:
    from campanile.operations.watching.audience_sheets import AudienceLine, AudienceSheet


@click.command("audiences")
@click.argument("name", required=False)
@json_option
def audiences_command(name: str | None, as_json: bool) -> None:
    """List the saved audiences: rows, columns, freshness, who saves and who reads them.

    With NAME that one, with its versions.
    """
    from campanile.errors import Refused
    from campanile.operations.watching.audience_sheets import audience_lines, audience_sheets
    from campanile.relations.parse import did_you_mean

    with opened_project() as project:
        found = audience_sheets(project)
        chosen = [one for one in found if name in (None, one.name)]
        lines = audience_lines(project, name) if name is not None else []
    if name is not None and not chosen:
        remedy = did_you_mean(name, [one.name for one in found]) or "campanile audiences"
        raise Refused(f"there is no audience '{name}'.", remedy=remedy)
    if as_json:
        versions = {"versions": [asdict(one) for one in lines]} if name is not None else {}
        show_json([{**asdict(one), **versions} for one in chosen])
    elif not chosen:
        note("No audience: an activity of type save_audience makes one.")
    else:
        _show(chosen)
        _show_versions(lines)


def _show(found: "list[AudienceSheet]") -> None:
    show_table(
        ("audience", "rows", "version", "saved at", "dimension", "known by", "columns",
         "merge policy", "saved by", "read by"),
        [
            (
                one.name,
                one.rows,
                one.version,
                instant(one.fresh_at) or "never",
                one.dimension,
                ", ".join(one.identity),
                ", ".join(one.columns),
                one.merge_policy,
                ", ".join(one.writers),
                ", ".join(one.readers),
            )
            for one in found
        ],
    )  # fmt: skip


def _show_versions(lines: "list[AudienceLine]") -> None:
    if lines:
        click.echo()
        show_table(
            ("version", "rows", "saved at", "execution", "activity"),
            [
                (one.version, one.rows, instant(one.saved_at), one.execution, one.activity)
                for one in lines
            ],
        )
