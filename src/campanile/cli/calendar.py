"""The command `calendar`: launches of all campaigns, past and to come."""

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import json_option, note, show_json, show_table

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_SHOWN = timedelta(days=14)
_day = click.DateTime(["%Y-%m-%d"])


@click.command("calendar")
@click.option("--from", "first", type=_day, help="First day; today when left out.")
@click.option("--to", "last", type=_day, help="Last day; two weeks later when left out.")
@json_option
def calendar_command(first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """List the launches of all published campaigns, with their audience the last time."""
    from campanile.operations.watching.calendar import launches

    with opened_project() as project:
        zone = project.timezone
        today = project.clock().astimezone(zone).date()
        begin = first.date() if first else today
        finish = last.date() if last else begin + _SHOWN
        if finish < begin:
            raise click.UsageError("--to is before --from.")
        found = launches(
            project, _midnight(begin, zone), _midnight(finish + timedelta(days=1), zone)
        )
    if as_json:
        show_json([asdict(one) for one in found])
    elif found:
        show_table(
            ("when", "campaign", "launch", "last time"),
            [(one.local, one.campaign, one.execution or one.state, one.audience) for one in found],
        )
    else:
        note(f"No launch from {begin} to {finish}: campanile campaigns")


def _midnight(day: date, zone: "ZoneInfo") -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)
