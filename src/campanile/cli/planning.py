"""The command `plan`: what apply and publish would change, with the people in it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from campanile.cli.opening import opened_project
from campanile.cli.output import counted, json_option, people, progress, show_json, show_table

if TYPE_CHECKING:
    from campanile.operations.rehearsing.filter_changes import FilterChange
    from campanile.operations.rehearsing.plans import CampaignPlan
    from campanile.operations.rehearsing.transition_plans import TransitionPlan
    from campanile.operations.rehearsing.waterfalls import Waterfall

_CHANGES = 3


@click.command("plan")
@click.argument("paths", nargs=-1)
@click.option("--markdown", is_flag=True, help="Print it for a comment on a pull request.")
@click.option("--exit-code", is_flag=True, help="Exit with 3 when something would change.")
@json_option
def plan_command(paths: Sequence[str], markdown: bool, exit_code: bool, as_json: bool) -> None:
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
    elif markdown:
        from campanile.cli.plan_markdown import plan_markdown

        click.echo(plan_markdown(plans, closing(plans)))
    else:
        for one in plans:
            _show(one)
        click.echo(closing(plans))
    if any(one.trouble for one in plans):
        raise SystemExit(1)
    if exit_code and changes:
        raise SystemExit(_CHANGES)


def _show(plan: "CampaignPlan") -> None:
    click.echo(click.style(plan.campaign, bold=True) + f"  {heading(plan)}")
    for sentence in plan.changes:
        click.echo(f"  ~ {sentence}")
    for change in plan.filters:
        click.echo(f"  ~ {filter_sentence(change)}")
    _show_transitions(plan)
    for activity, message in plan.messages.items():
        click.echo(f"  message '{activity}': {waterfall_line(message)}")
        if message.confirm:
            click.echo(f"    waits for: campanile confirm {plan.campaign}")
        for name, count in message.empty.items():
            click.echo(f"    '{{{{ {name} }}}}' is empty for {people(count)} who would receive it")
    for content in plan.contents:
        click.echo(f"  message '{content.activity}', {content.part} for one of its readers:")
        for line in content.diff:
            click.echo(f"    {line}")
    for sentence in remarks(plan):
        click.echo(f"  {sentence}")
    click.echo()


def filter_sentence(change: "FilterChange") -> str:
    """A filter that changed, and whom that moves."""
    sentence = (
        f"filter '{change.filter}' changed, used by {', '.join(change.activities)}: "
        f"{people(change.entered)} more, {people(change.left)} less"
    )
    others = ", ".join(change.also_used_by)
    return f"{sentence}; used by other campaigns too: {others}" if others else sentence


def heading(plan: "CampaignPlan") -> str:
    """Where the campaign is now."""
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
    for one in plan.transitions:
        if one.samples:
            click.echo(f"  {one.transition}: {sample_sentence(one)}")


def sample_sentence(one: "TransitionPlan") -> str:
    """Some of those who enter, leave or change branch, by their masked keys."""
    verbs = {"entered": "enter", "left": "leave", "moved": "change branch"}
    parts = [f"{', '.join(keys)} … {verbs[kind]}" for kind, keys in one.samples.items()]
    if one.moved_from:
        parts.append("from " + ", ".join(f"{name} {n:,}" for name, n in one.moved_from.items()))
    return "; ".join(parts)


def remarks(plan: "CampaignPlan") -> Iterator[str]:
    """Everything else that one should know before publishing, a sentence each."""
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


def closing(plans: "Sequence[CampaignPlan]") -> str:
    """One sentence: what would change, whom it would reach, and the next command."""
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


def waterfall_line(message: "Waterfall") -> str:
    """From those it is meant for to those who receive it, by reason."""
    steps = [f"targeted {message.targeted:,}"]
    steps += [f"{why.replace('_', ' ')} {n:,}" for why, n in sorted(message.excluded.items())]
    return f"{' → '.join(steps)} → receives {message.receives:,}"
