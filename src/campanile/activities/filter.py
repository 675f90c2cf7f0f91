"""Filter: the rows for which a rule holds, and on demand the others."""

from typing import Final, Literal

from pydantic import Field

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.parts import divide, with_parts
from campanile.activities.rule_values import Rule
from campanile.catalog.names import Name
from campanile.relations.rules import compile_rule
from campanile.relations.sql import ROW, column

_STAYS = "__stays"


class Filter(ActivityConfig):
    """Keep the rows for which `where` holds."""

    type: Literal["filter"] = "filter"
    where: Rule = Field(description="Which rows stay.")
    complement: Name | None = Field(
        default=None, description="Name of the output with the rows that do not stay."
    )


def outputs(config: Filter) -> tuple[str, ...]:
    """The rows that stay, and the others where they have a name."""
    return ("", config.complement) if config.complement else ("",)


def filter_rows(config: Filter, context: ActivityContext) -> Outcome:
    """Return the rows for which `config.where` holds, and as complement exactly the others."""
    source = context.inputs[0]
    rows, scope = source.relation, context.scope(source.relation, source.dimension)
    if config.complement is None:
        return Outcome(outputs={"": rows.where(config.where, scope)})
    judged = rows.derive({_STAYS: compile_rule(config.where, scope)})
    numbered = with_parts(judged, [column(_STAYS, ROW)], rest=True)
    return divide(context, numbered, outputs(config), list(rows.schema))


EXAMPLE: Final = """\
everybody: {type: build_audience}
adults: {type: filter, from: everybody, where: years_old(birth_date) >= 18, complement: others}
"""
ACTIVITY = ActivityType(
    name="filter", config=Filter, example=EXAMPLE, run=filter_rows, outputs=outputs
)
