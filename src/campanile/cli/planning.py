"""The command `plan`: what apply and publish would change, with the people in it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, json_option, people, progress, show_json, show_table

if TYPE_CHECKING:
    from campanile.operations.rehearsing.filter_changes import FilterChange
    from campanile.operations.rehearsing.plans import CampaignPlan

_CHANGES = 3


@click.command("plan")
@click.argument("paths", nargs=-1)
@click.option("--exit-code", is_flag=True, help="Exit with 3 when something would change.")
@json_option
def plan_command(paths: Sequence[str], exit_code: bool, as_json: bool) -> None:
    """Show what apply and publish would change, counted on today's data; nothing is written.

    PATHS are campaign files, folders or names; all campaigns when left out.
    """
    from campanile.operations.authoring.chosen_files import campaigns_at
    from campanile.operations.rehearsing.plans import plan_campaigns

    with opened_project() as project, progress("counting people"):
        chosen = paths or (str(project.folder / "campaigns"),)
        plans = plan_campaigns(project, campaigns_at(project.definitions, chosen))
    changes = any(one.changes_anything for one in plans)
    if as_json:
        show_json({"changes": changes, "campaigns": [one.to_dict() for one in plans]})
    else:
        for one in plans:
            _show(one)
        click.echo(_closing(plans))
    if any(one.trouble for one in plans):
        raise SystemExit(1)
    if exit_code and changes:
        raise SystemExit(_CHANGES)


def _show(plan: "CampaignPlan") -> None:
    click.echo(click.style(plan.campaign, bold=True) + f"  {_heading(plan)}")
    for sentence in plan.changes:
        click.echo(f"  ~ {sentence}")
    for change in plan.filters:
        click.echo(f"  ~ {_filter_sentence(change)}")
    _show_transitions(plan)
    for activity, message in plan.messages.items():
        steps = [f"targeted {message.targeted:,}"]
        steps += [f"{_words(reason)} {n:,}" for reason, n in sorted(message.excluded.items())]
        click.echo(f"  message '{activity}': {' → '.join(steps)} → receives {message.receives:,}")
        if message.confirm:
            click.echo(f"    waits for: campanile confirm {plan.campaign}")
        for name, count in message.empty.items():
            click.echo(f"    '{{{{ {name} }}}}' is empty for {people(count)} who would receive it")
    for sentence in _remarks(plan):
        click.echo(f"  {sentence}")
    click.echo()


def _filter_sentence(change: "FilterChange") -> str:
    sentence = (
        f"filter '{change.filter}' changed, used by {', '.join(change.activities)}: "
        f"{people(change.entered)} more, {people(change.left)} less"
    )
    others = ", ".join(change.also_used_by)
    return f"{sentence}; used by other campaigns too: {others}" if others else sentence


def _heading(plan: "CampaignPlan") -> str:
    if plan.published_version is None:
        return f"({plan.status}, nothing published yet)"
    known = f"version {plan.published_version} is published"
    return f"({plan.status}, {known})" + ("" if plan.publishes else ": no change")


def _show_transitions(plan: "CampaignPlan") -> None:
    rows: list[Sequence[object]] = []
    compared = any(one.before is not None for one in plan.transitions)
    for one in plan.transitions:
        row: list[object] = [f"  {one.transition}", one.rows]
        if compared:
            row += [one.before, one.entered, one.moved, one.left]
        rows.append([*row, "" if one.reached else f"not reached: {one.reason}"])
    heads = ["  transition", "rows", *(["published", "enter", "change branch", "leave"] * compared)]
    if rows and any(row[-1] for row in rows):
        show_table([*heads, ""], rows)
    elif rows:
        show_table(heads, [row[:-1] for row in rows])


def _remarks(plan: "CampaignPlan") -> Iterator[str]:
    if plan.trouble:
        yield f"stopped: {plan.trouble}"
    if plan.later:
        yield f"after the first wait or delivery, not counted now: {', '.join(plan.later)}"
    for transition, count in plan.unused.items():
        how_many = "rows" if count is None else counted(count, "row")
        yield f"nobody reads '{transition}': {how_many} end there"
    for one in plan.reentries:
        keys = ", ".join(one.sample)
        yield f"{people(one.people)} may enter again ({keys} …): {one.why}"
    yield f"it {plan.starts}"
    if len(plan.launches) > 1:
        times = ", ".join(f"{slot:%Y-%m-%d %H:%M}" for slot in plan.launches)
        yield f"next launches (UTC): {times}"
    yield from plan.keep
    if plan.read_live:
        yield f"read as they are now, not pinned: {', '.join(plan.read_live)}"


def _closing(plans: "Sequence[CampaignPlan]") -> str:
    changed = [one for one in plans if one.changes_anything]
    if not changed:
        return "Nothing would change."
    receives = sum(m.receives for one in changed for m in one.messages.values())
    to_apply = [one.campaign for one in changed if one.applies]
    verb = f"apply {to_apply[0]}" if to_apply else f"publish {changed[0].campaign}"
    return (
        f"Nothing was changed; {counted(len(changed), 'campaign')} would, and "
        f"{people(receives)} would receive its first message if it started now: campanile {verb}"
    )


def _words(reason: str) -> str:
    return reason.replace("_", " ")
