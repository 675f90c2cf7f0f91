"""And-join: wait for all branches, then go on with the rows of the first."""

from typing import Literal

from campanile.activities.base import ActivityConfig, ActivityContext, ActivityType, Outcome


class AndJoin(ActivityConfig):
    """Reached only when every branch of `from` is; passes the first one on."""

    type: Literal["and_join"] = "and_join"


def and_join(_config: AndJoin, context: ActivityContext) -> Outcome:
    """Return the rows of the first branch; not reached unless all branches are."""
    return Outcome(
        outputs={"": context.inputs[0].relation},
        reached={"": all(branch.reached for branch in context.inputs)},
    )


ACTIVITY = ActivityType(name="and_join", config=AndJoin, run=and_join, many_inputs=True)
