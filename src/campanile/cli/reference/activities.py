"""Pages about activities: one for each type, and one for what all types share."""

import inspect
from typing import Final

from campanile.activities import ACTIVITIES
from campanile.activities.base import ActivityConfig, ActivityType
from campanile.cli.reference.markdown import block, code, listed, page, prose, table
from campanile.cli.reference.options import option_tables, unbuilt_options

COMMON: Final = tuple(info.alias or name for name, info in ActivityConfig.model_fields.items())
_ROOT: Final = "../"


def activity_pages() -> dict[str, str]:
    """The pages by their path below the reference."""
    pages = {f"activities/{one.name}.md": _page(one) for one in ACTIVITIES}
    return {"activities/README.md": _overview(), **pages}


def example_of(activity: ActivityType) -> str:
    """The example of a type as it stands in a campaign file."""
    lines = activity.example.strip().splitlines()
    return "\n".join(["activities:", *(f"  {line}" for line in lines)])


def _overview() -> str:
    rows = [
        (f"[{one.name}]({one.name}.md)", prose(one.config.__doc__).split("\n\n")[0])
        for one in ACTIVITIES
    ]
    shared = option_tables(ActivityConfig).replace("{root}", _ROOT)
    return page(
        "Activities",
        "What a campaign can do. Every output of every activity is a working table, and an asset in"
        " Dagster.",
        table(("Type", "What it is"), rows),
        "## Common options",
        "`from` carries rows, `after` only order: an activity that starts a population takes"
        " `after`, never `from`, and every other one needs `from`. So nobody turns “those who did"
        " not open” into the whole customer base.",
        shared,
        f"Known by name and refused: {listed(unbuilt_options(ActivityConfig), 'and')}; see"
        f" [what is not built yet]({_ROOT}not-built.md).",
        "## Outputs",
        "The main output is called by the activity's name alone, any other by `activity.output`."
        " An output may feed any number of activities; one that feeds none ends there, and"
        " `campanile plan` says with how many rows.",
        "A path that is not reached (the branch a `test` did not take, what follows a stop) carries"
        " no rows and has no effects. That is not the same as empty: an empty table goes on.",
    )


def _page(activity: ActivityType) -> str:
    config = activity.config
    parts = [
        prose(config.__doc__),
        block(example_of(activity), "yaml activities"),
        "## Options",
        _inputs(activity),
        option_tables(config, COMMON).replace("{root}", _ROOT),
        "## Outputs",
        _outputs(activity),
    ]
    if unbuilt := unbuilt_options(config, COMMON):
        parts.append(
            f"Known by name and refused: {listed(unbuilt, 'and')}; see"
            f" [what is not built yet]({_ROOT}not-built.md)."
        )
    return page(activity.name, *parts)


def _inputs(activity: ActivityType) -> str:
    common = "[common options](README.md#common-options)"
    if activity.starts:
        takes = "It starts a population, so it takes no `from`."
    elif activity.many_inputs:
        takes = "Its `from` is a list of transitions."
    else:
        takes = "Its `from` is one transition."
    gate = " It is a gate: what follows begins a new segment." if activity.gate else ""
    return f"{takes}{gate} It also takes the {common}."


def _outputs(activity: ActivityType) -> str:
    rows = [
        (code(f"name.{output}" if output else "name"), ", ".join(f"{code(c)} ({t})" for c, t in
         schema.items()))
        for output, schema in activity.added.items()
    ]  # fmt: skip
    if activity.passes_on and not activity.own_outputs:
        said = "The rows of its input, as they came."
    else:
        said = prose(inspect.getdoc(activity.outputs)) or "One, called by the activity's name."
    return "\n\n".join(part for part in (said, table(("Output", "Columns it adds"), rows)) if part)
