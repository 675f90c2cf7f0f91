"""And-join: wait for all branches, then go on with the rows of the first."""

from typing import Final, Literal

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext


class AndJoin(ActivityConfig):
    """Reached only when every branch of `from` is; the rows of the first one go on."""

    type: Literal["and_join"] = "and_join"


def and_join(_config: AndJoin, context: ActivityContext) -> Outcome:
    """Return the rows of the first branch; not reached unless all branches are."""
    return Outcome(
        outputs={"": context.inputs[0].relation},
        reached={"": all(branch.reached for branch in context.inputs)},
    )


EXAMPLE: Final = """\
gold: {type: build_audience, where: tier = 'gold'}
silver: {type: build_audience, where: tier = 'silver'}
both: {type: and_join, from: [gold, silver]}
"""
ACTIVITY = ActivityType(
    name="and_join", config=AndJoin, example=EXAMPLE, run=and_join, many_inputs=True
)
