"""A plan as Markdown, for a comment on the pull request that changes a campaign."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from campanile.cli.output import people, shown
from campanile.cli.planning import (
    filter_sentence,
    heading,
    remarks,
    sample_sentence,
    waterfall_line,
)

if TYPE_CHECKING:
    from campanile.operations.rehearsing.plans import CampaignPlan


def plan_markdown(plans: "Sequence[CampaignPlan]", closing: str) -> str:
    """Every campaign under a heading, those that do not change in one line; then the end."""
    lines = ["## Campanile plan", ""]
    for plan in plans:
        lines += _campaign(plan) if plan.changes_anything else [f"**{plan.campaign}**: no change."]
        lines.append("")
    return "\n".join([*lines, closing])


def _campaign(plan: "CampaignPlan") -> Iterator[str]:
    yield f"### {plan.campaign} {heading(plan)}"
    yield ""
    changes = [*plan.changes, *map(filter_sentence, plan.filters)]
    yield from (f"* {sentence}" for sentence in changes)
    if plan.transitions:
        yield from ["", *_transitions(plan)]
    yield ""
    for activity, message in plan.messages.items():
        yield f"* message `{activity}`: {waterfall_line(message)}"
        for name, count in message.empty.items():
            yield f"  * `{name}` is empty for {people(count)} who would receive it"
    for one in plan.transitions:
        if one.samples:
            yield f"* `{one.transition}`: {sample_sentence(one)}"
    yield from (f"* {sentence}" for sentence in remarks(plan))
    for content in plan.contents:
        yield from ["", f"Message `{content.activity}`, {content.part}, for one of its readers:"]
        yield from ["", "```diff", *(line.replace("```", "'''") for line in content.diff), "```"]


def _transitions(plan: "CampaignPlan") -> Iterator[str]:
    compared = any(one.before is not None for one in plan.transitions)
    heads = ["transition", "rows"]
    heads += ["published", "enter", "change branch", "leave"] if compared else []
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for one in plan.transitions:
        cells: list[object] = [f"`{one.transition}`", one.rows]
        cells += [one.before, one.entered, one.moved, one.left] if compared else []
        yield f"| {' | '.join(map(shown, cells))} |"
