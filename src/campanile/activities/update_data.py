"""Update data: write what a campaign knows into an entity of the project."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.effects import UpdateEntity
from campanile.activities.matches import Pairs
from campanile.activities.options import Options, RuleSite
from campanile.activities.parts import stage_name
from campanile.activities.rule_values import Expression, Rule
from campanile.activities.update_plans import UpdatePlan
from campanile.activities.update_rows import changes, counts, judged, outputs_of
from campanile.activities.values import fault
from campanile.catalog.names import ColumnName, Name
from campanile.relations.relation import Relation

FAULTS: Final = {
    "duplicate": "Several rows of the input are for one row: put a `deduplication` before.",
    "ambiguous": "A row of the input matches several rows: match by more.",
    "newer": "The rows there have a later version: they stay.",
}


class SetValue(Options):
    """What an attribute becomes, and when."""

    value: Expression = Field(description="The new value, an expression over the row.")
    when: Rule | None = Field(
        default=None, description="Only for these rows; the others keep what there is."
    )


def _form(written: Any) -> str:
    return "value and when" if isinstance(written, dict | SetValue) else "an expression"


NewValue = Annotated[
    Annotated[SetValue, Tag("value and when")] | Annotated[Expression, Tag("an expression")],
    Discriminator(_form),
]


class UpdateData(ActivityConfig):
    """Change rows of a loaded entity and pass the rows on; a test execution changes nothing."""

    type: Literal["update_data"] = "update_data"
    entity: Name = Field(description="The entity that is written to; a loaded one.")
    mode: Literal["upsert", "insert", "update", "delete"] = Field(
        default="upsert",
        description="Change rows and add those that are not there; only add; only change; remove.",
    )
    match: Pairs = Field(
        default={},
        description="Expression over the input and expression over the entity, all equal; the key"
        " when left out.",
    )
    set_: dict[ColumnName, NewValue] = Field(
        default={}, alias="set", description="Attribute and its new value."
    )
    empty: Literal["write", "keep"] = Field(
        default="write", description="Whether an empty value is written, or what there is stays."
    )

    @model_validator(mode="after")
    def _fits_the_mode(self) -> Self:
        if self.mode == "delete" and self.set_:
            fault("set", "rows that are removed take no values.", "set")
        if self.mode == "update" and not self.set_:
            fault("set", "nothing would change: `set` is missing.", "mode")
        return self

    def rules(self) -> Iterator[RuleSite]:
        """Find the rules over the input; `match` speaks about the entity too."""
        return (site for site in super().rules() if site.path[0] != "match")


def update_data(config: UpdateData, context: ActivityContext) -> Outcome:
    """Return the rows that were taken, those that were rejected, and the effect that writes.

    Rejected are, with the `reason`: `empty` (a value to match by, or of a new key), `ambiguous` and
    `duplicate` (not one row for one), `not_found`, `exists`, `newer` (the row there has a later
    version), `not_a_value` (of an enum). Whoever is not rejected and would change nothing is passed
    on and not written.
    """
    values = {
        name: (written.value, written.when) if isinstance(written, SetValue) else (written, None)
        for name, written in config.set_.items()
    }
    plan = UpdatePlan.of(context, config.entity, config.mode, config.match, values, config.empty)
    stage = judged(plan)
    table = Relation.table(stage_name(context.activity), stage.schema)
    return Outcome(
        outputs=outputs_of(plan, table),
        stage=stage,
        effects=(
            UpdateEntity(
                config.entity,
                plan.version,
                removes=config.mode == "delete",
                relation=changes(plan, table),
            ),
        ),
        counts=counts(plan, table),
        faults=FAULTS,
    )


def outputs(_: UpdateData) -> tuple[str, ...]:
    """The rows that were taken, as they came, and in `rejects` the others with the `reason`.

    The reason is `empty` (a value to match by, or a new key), `ambiguous`, `duplicate`,
    `not_found`, `exists`, `newer` or `not_a_value`.
    """
    return ("", "rejects")


EXAMPLE: Final = """\
gold: {type: build_audience, where: tier = 'gold' and sum(orders.amount) < 100}
lower:
  type: update_data
  from: gold
  entity: customer
  mode: update
  set: {tier: "'silver'"}
"""
ACTIVITY = ActivityType(
    name="update_data",
    config=UpdateData,
    example=EXAMPLE,
    run=update_data,
    outputs=outputs,
    passes_on=True,
    own_outputs=("rejects",),
)
