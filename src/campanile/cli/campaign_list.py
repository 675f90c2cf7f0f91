"""The command `campaigns`: the inventory, narrowed down, with the columns one wants to see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from campanile.campaigns.life import STATUSES
from campanile.cli.opening import opened_project
from campanile.cli.output import instant, json_option, note, show_json, show_table

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from campanile.operations.watching.campaign_lists import CampaignLine, Span

COLUMNS: Final[Mapping[str, Callable[["CampaignLine"], Any]]] = {
    "campaign": lambda one: one.name,
    "label": lambda one: one.label,
    "status": lambda one: one.status + " !" * bool(one.warning),
    "channels": lambda one: ", ".join(one.channels),
    "tags": lambda one: ", ".join(one.tags),
    "owner": lambda one: one.owner,
    "dimension": lambda one: one.dimension,
    "created": lambda one: instant(one.created_at),
    "changed": lambda one: instant(one.changed_at),
    "published": lambda one: one.published_version,
    "latest": lambda one: one.latest_version,
    "running": lambda one: one.open_executions,
    "last": lambda one: instant(one.last_launch),
    "next": lambda one: instant(one.next_launch),
    "error": lambda one: one.last_error,
    "waits": lambda one: one.waits_for,
    "warning": lambda one: one.warning,
}
_SHOWN = "campaign,status,channels,tags,published,latest,running,next,waits"
_HEADS = {"waits": "waits for", "last": "last launch", "next": "next launch"}
_day = click.DateTime(["%Y-%m-%d"])


def _columns(_ctx: click.Context, _option: click.Parameter, written: str) -> tuple[str, ...]:
    chosen = tuple(word.strip() for word in written.split(","))
    unknown = [word for word in chosen if word not in COLUMNS]
    if unknown:
        known = ", ".join(COLUMNS)
        raise click.BadParameter(f"there is no column '{unknown[0]}'; there are: {known}.")
    return chosen


@click.command("campaigns")
@click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES),
              help="In this status; may be repeated. Otherwise all but archived ones.")  # fmt: skip
@click.option("--channel", "channels", multiple=True, help="Sends by this channel; repeatable.")
@click.option("--tag", "tags", multiple=True, help="Has this tag; may be repeated.")
@click.option("--dimension", "dimensions", multiple=True, help="Of this targeting dimension.")
@click.option("--created-from", type=_day, help="Created on this day or later.")
@click.option("--created-to", type=_day, help="Created on this day or before.")
@click.option("--changed-from", type=_day, help="Changed last on this day or later.")
@click.option("--changed-to", type=_day, help="Changed last on this day or before.")
@click.option("--next-to", type=_day, help="Launches next on this day or before.")
@click.option("--in-error", is_flag=True, help="With a warning, or an activity in error.")
@click.option("--search", default="", help="Text in name, label, tags or owner.")
@click.option("--columns", default=_SHOWN, show_default=True, callback=_columns,
              help="Which columns, in this order: " + ", ".join(COLUMNS) + ".")  # fmt: skip
@click.option("--sort", default="campaign", type=click.Choice(list(COLUMNS)), show_default=True,
              help="By which column; empty cells come last.")  # fmt: skip
@json_option
def campaigns_command(
    statuses: tuple[str, ...],
    channels: tuple[str, ...],
    tags: tuple[str, ...],
    dimensions: tuple[str, ...],
    created_from: datetime | None,
    created_to: datetime | None,
    changed_from: datetime | None,
    changed_to: datetime | None,
    next_to: datetime | None,
    in_error: bool,
    search: str,
    columns: tuple[str, ...],
    sort: str,
    as_json: bool,
) -> None:
    """List the campaigns of the store, and what each waits for."""
    from campanile.operations.watching.campaign_lists import Wanted, list_campaigns

    with opened_project() as project:
        zone = project.timezone
        wanted = Wanted(
            statuses=statuses,
            channels=channels,
            tags=tags,
            dimensions=dimensions,
            search=search,
            created=_span(created_from, created_to, zone),
            changed=_span(changed_from, changed_to, zone),
            next_before=_span(None, next_to, zone)[1],
            in_error=in_error,
        )
        found = list_campaigns(project, wanted)
    found.sort(key=lambda one: _rank(COLUMNS[sort](one)))
    if as_json:
        show_json([asdict(one) for one in found])
    elif found:
        _show(found, columns)
    else:
        note("No campaign: campanile apply campaigns")


def _show(found: Sequence["CampaignLine"], columns: Sequence[str]) -> None:
    heads = [_HEADS.get(name, name) for name in columns]
    show_table(heads, [[COLUMNS[name](one) for name in columns] for one in found])
    if "warning" not in columns:
        for one in found:
            if one.warning:
                note(f"{one.name}: {one.warning}")


def _rank(cell: Any) -> tuple[bool, Any]:
    return cell in (None, ""), 0 if cell is None else cell


def _span(first: datetime | None, last: datetime | None, zone: "ZoneInfo") -> "Span":
    """Whole days of the project's zone; the last one included."""
    return _midnight(first, zone), _midnight(last and last + timedelta(days=1), zone)


def _midnight(day: datetime | None, zone: "ZoneInfo") -> datetime | None:
    return None if day is None else datetime.combine(day.date(), time(), tzinfo=zone)
