"""Commands that look into a campaign: preview its rows, explain its rules, list the functions."""

from typing import Any

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, json_option, note, progress, show_json, show_table


@click.command("preview")
@click.argument("name")
@click.argument("activity", required=False)
@click.option("--execution", help="The execution; without one the file is tried on today's data.")
@click.option("--rows", type=click.IntRange(0, 1000), default=10, show_default=True,
              help="Rows to show of the activity.")  # fmt: skip
@click.option("--schema", is_flag=True, help="Show the columns of every transition instead.")
@json_option
def preview_command(
    name: str, activity: str | None, execution: str | None, rows: int, schema: bool, as_json: bool
) -> None:
    """Show exact counts of every transition, and masked rows of one activity."""
    from campanile.operations.rehearsing.previews import looking, preview

    with (
        opened_project() as project,
        progress("counting people"),
        looking(project, name, execution) as look,
    ):
        found = preview(project, look, activity, rows)
    if as_json:
        show_json(
            {
                "campaign": name,
                "execution": look.execution,
                "version": look.version if look.execution else None,
                "transitions": [one.to_dict() for one in found],
                "trouble": look.trouble or None,
            }
        )
    elif schema:
        columns = [
            (one.transition, column, type_.value, column in one.personal)
            for one in found
            for column, type_ in one.schema.items()
        ]
        show_table(("transition", "column", "type", "personal"), columns)
    else:
        table = [(one.transition, one.count, "" if one.reached else one.reason) for one in found]
        unreached = any(row[2] for row in table)
        heads = ("transition", "rows", "not reached")
        show_table(heads if unreached else heads[:2], [r if unreached else r[:2] for r in table])
        for one in found:
            if one.sample:
                click.echo()
                title = f"{one.transition}: {counted(len(one.sample), 'row')} of {one.count:,}"
                show_table(list(one.sample[0]), [list(row.values()) for row in one.sample], title)
        for one in found:
            for what, remedy in one.faults.items():
                note(f"{one.transition}: {what}. {remedy}")
        if look.execution is None:
            note("Tried on today's data; nothing was written, nobody was written to.")
        if look.trouble:
            note(f"Stopped: {look.trouble}")
    if look.trouble:
        raise SystemExit(1)


@click.command("explain")
@click.argument("name")
@click.argument("activity", required=False)
@click.option("--version", type=int, help="A version of the store; the file when left out.")
@json_option
def explain_command(name: str, activity: str | None, version: int | None, as_json: bool) -> None:
    """Show each rule beside the SQL it becomes; no data is read."""
    from campanile.campaigns.compiled import compile_campaign
    from campanile.errors import Refused
    from campanile.operations.authoring.explains import explain
    from campanile.operations.authoring.versions import campaign_of, get_version
    from campanile.relations.parse import did_you_mean

    with opened_project() as project:
        if version is None:
            compiled = compile_campaign(campaign_of(project, name), project.definitions)
        else:
            compiled = get_version(project, name, version)
        if activity is not None and activity not in compiled.graph.vertices:
            remedy = did_you_mean(activity, compiled.graph.order)
            raise Refused(f"there is no activity '{activity}'.", remedy=remedy)
        found = explain(compiled, project.definitions, project.clock(), activity)
    if as_json:
        show_json({"campaign": name, "version": version, "activities": [_plain(o) for o in found]})
        return
    for one in found:
        came = f"  from {', '.join(one.inputs)}" if one.inputs else ""
        click.echo(click.style(f"{one.activity}", bold=True) + f"  {one.type}{came}")
        for option, text in one.rules.items():
            click.echo(f"  {option}: " + text.replace("\n", "\n    "))
        if one.note:
            click.echo(f"  ({one.note})")
        for output, sql in one.sql.items():
            click.echo(f"  -- {output}")
            click.echo("    " + sql.replace("\n", "\n    "))
        click.echo()


def _plain(one: Any) -> dict[str, Any]:
    return {
        "activity": one.activity,
        "type": one.type,
        "inputs": list(one.inputs),
        "rules": dict(one.rules),
        "sql": dict(one.sql),
        "note": one.note or None,
    }


@click.command("functions")
@click.argument("search", required=False)
@json_option
def functions_command(search: str | None, as_json: bool) -> None:
    """List the functions of the rule language; SEARCH finds in names and descriptions."""
    from campanile.cli.function_list import all_functions
    from campanile.cli.reference.functions import TITLES

    found = [one for one in all_functions() if one.is_about(search or "")]
    if as_json:
        show_json([one.to_dict() for one in found])
        return
    if not found:
        note(f"No function has '{search}' in its name or description: campanile functions")
        raise SystemExit(1)
    for kind, title in TITLES.items():
        rows = [(o.signature, o.description, o.example) for o in found if o.kind == kind]
        if rows:
            show_table(("function", "gives", "example"), rows, title)
            click.echo()
    for call, here in sorted({(o.call, o.here) for one in found for o in one.originals}):
        if search and search.lower() in call.lower():
            click.echo(f"{call} is written {here} here.")
