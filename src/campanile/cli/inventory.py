"""Commands over one campaign: show it, list its executions."""

from dataclasses import asdict
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import instant, json_option, note, show_json, show_table

if TYPE_CHECKING:
    from campanile.operations.watching.inventory import CampaignSheet, ExecutionLine


@click.command("show")
@click.argument("name")
@click.option("--next", "launches", type=click.IntRange(1, 500), default=10, show_default=True,
              help="How many launches to come are shown, of a draft too.")  # fmt: skip
@json_option
def show_command(name: str, launches: int, as_json: bool) -> None:
    """Show one campaign: activities, versions, executions, next launches."""
    from campanile.operations.watching.inventory import campaign_sheet

    with opened_project() as project:
        sheet = campaign_sheet(project, name, launches)
    if as_json:
        show_json(_sheet_json(sheet))
        return
    line = sheet.line
    published = f"version {line.published_version}" if line.published_version else "nothing"
    click.echo(click.style(line.label, bold=True) + f"  {name}, {line.status}")
    if sheet.description:
        click.echo(sheet.description)
    click.echo(f"Published: {published} of {line.latest_version}. Waits for: {line.waits_for}.")
    if line.warning:
        click.echo(f"Warning: {line.warning}")
    if sheet.launches:
        zone = ZoneInfo(sheet.zone)
        times = ", ".join(f"{slot.astimezone(zone):%Y-%m-%d %H:%M}" for slot in sheet.launches)
        verb = "Next launches" if line.status in ("scheduled", "live") else "It would launch"
        click.echo(f"{verb} ({sheet.zone}): {times}")
    click.echo(f"Possible now: {', '.join(sheet.possible)}, duplicate.")
    click.echo()
    show_table(("activity", "type", "from", "rows in the newest execution"), _activity_rows(sheet))
    click.echo()
    show_table(
        ("version", "applied", "by"),
        [(str(number), instant(at), by) for number, at, by in sheet.versions],
    )
    if sheet.executions:
        click.echo()
        _show_executions(sheet.executions)


def _activity_rows(sheet: "CampaignSheet") -> list[tuple[str, str, str, str]]:
    rows = []
    for one in sheet.activities:
        counts = [
            f"{transition.partition('.')[2] or 'out'} {count:,}"
            for transition, count in one.outputs
            if count is not None
        ]
        rows.append((one.name, one.type, ", ".join(one.inputs), ", ".join(counts)))
    return rows


def _sheet_json(sheet: "CampaignSheet") -> dict[str, object]:
    return {
        **asdict(sheet.line),
        "description": sheet.description,
        "starts": sheet.starts,
        "launches": list(sheet.launches),
        "timezone": sheet.zone,
        "possible": list(sheet.possible),
        "versions": [
            {"version": number, "created_at": at, "created_by": by}
            for number, at, by in sheet.versions
        ],
        "activities": [
            {
                "name": one.name,
                "type": one.type,
                "label": one.label,
                "inputs": list(one.inputs),
                "outputs": [
                    {"transition": transition, "rows": count} for transition, count in one.outputs
                ],
            }
            for one in sheet.activities
        ],
        "executions": [asdict(one) for one in sheet.executions],
    }


@click.command("executions")
@click.argument("name")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most.")
@json_option
def executions_command(name: str, limit: int, as_json: bool) -> None:
    """List the executions of a campaign, newest first."""
    from campanile.operations.watching.inventory import list_executions

    with opened_project() as project:
        found = list_executions(project, name, limit)
    if as_json:
        show_json([asdict(one) for one in found])
    elif found:
        _show_executions(found)
    else:
        note(f"'{name}' has no execution yet: campanile test {name}")


def _show_executions(found: "list[ExecutionLine] | tuple[ExecutionLine, ...]") -> None:
    show_table(
        ("execution", "mode", "status", "version", "waits for", "requested"),
        [
            (one.key, one.mode, one.status, str(one.version), one.waits_for,
             instant(one.requested_at))
            for one in found
        ],
    )  # fmt: skip
