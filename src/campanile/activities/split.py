"""Split: subsets in order, each from what the former left over."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator
from sqlglot import exp

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.parts import computed, divide, is_part, stage_name, with_parts
from campanile.activities.quotas import Distribution
from campanile.activities.subset_plans import Subset, mark, take_all
from campanile.activities.values import fault
from campanile.catalog.names import Name
from campanile.relations.relation import Relation
from campanile.relations.scope import Scope
from campanile.relations.sql import ROW, case, cast, column, constant, negation
from campanile.relations.tables import compile_aggregate
from campanile.relations.types import Type

SEGMENT: Final = "segment"  # the column with the name of a row's subset


# A name in a file; the distribution itself once the campaign was read, so that a version keeps it.
_DistributionOption = Annotated[Name | Distribution, WithJsonSchema({"type": "string"})]


class Split(ActivityConfig):
    """Parts of a set; nobody is in two of them."""

    type: Literal["split"] = "split"
    subsets: dict[Name, Subset] = Field(
        min_length=1, description="The parts by name, in the order in which they choose."
    )
    complement: Name | None = Field(
        default=None, description="Name of the output of those whom no subset took."
    )
    overlap: bool = Field(
        default=False, description="Each subset takes from the whole input: a row may be in two."
    )
    together: bool = Field(
        default=False,
        description="One table, with the name of each row's subset in the column `segment`.",
    )
    redraw: bool = Field(
        default=False, description="Chance is drawn anew in each execution, not once per person."
    )
    distribution: _DistributionOption | None = Field(
        default=None,
        description="The distribution that sizes every subset without a `limit` or `each`.",
    )

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.distribution is not None and all(s.is_sized for s in self.subsets.values()):
            fault("size", "every subset has a size of its own.", "distribution")
        if self.complement in self.subsets:
            fault("output", f"`{self.complement}` is a subset already.", "complement")
        if self.overlap and self.together:
            fault("output", "with `overlap` a row may be twice in one table.", "together")
        if self.together and any(s.when_empty == "stop" for s in self.subsets.values()):
            fault("output", "subsets in one table have no output to stop.", "together")
        total = sum(
            (
                subset.limit.amount
                for subset in self.subsets.values()
                if subset.limit
                and subset.limit.unit == "percent"
                and isinstance(subset.limit.amount, Decimal)
            ),
            Decimal(0),
        )
        if total > 100 and not self.overlap:
            fault("size", f"the percentages of the subsets add up to {total:f}%.", "subsets")
        return self


def outputs(config: Split) -> tuple[str, ...]:
    """The subsets in their order, then the complement; there is no main output but `together`."""
    if config.together:
        return ("",)
    rest = (config.complement,) if config.complement else ()
    return (*config.subsets, *rest)


def split(config: Split, context: ActivityContext) -> Outcome:
    """Return the subsets; each row of the input is in at most one, or in the complement.

    With `overlap` a row may be in several; with `together` the subsets (and the complement, where
    it has a name) are one table with the column `segment`.
    A percentage without `order` is a share of a hash, the same people at each execution; such
    shares lie side by side, so those that add up to 100 % leave nobody over. A number, or a
    percentage with `order`, is an exact count, of which halves are rounded up.
    """
    source = context.inputs[0]
    rows, scope = source.relation, context.scope(source.relation, source.dimension)
    salt = f"{context.salt}/{context.execution}" if config.redraw else context.salt
    taken = take_all(_sized(config), rows, scope, salt, overlap=config.overlap)
    if config.overlap:
        outcome = _overlapping(config, context, taken, list(rows.schema))
    else:
        outcome = _parted(config, context, taken, list(rows.schema))
    return replace(outcome, reached=_reached(config, outcome))


def _sized(config: Split) -> Mapping[str, Subset]:
    """The subsets, with the distribution's sizes where they have none of their own."""
    if not isinstance(config.distribution, Distribution):
        return config.subsets
    quota = config.distribution.quota
    return {
        name: subset if subset.is_sized else subset.model_copy(update={"each": quota})
        for name, subset in config.subsets.items()
    }


def _parted(
    config: Split, context: ActivityContext, taken: Relation, columns: Sequence[str]
) -> Outcome:
    """Each row in the first subset that took it; in tables of their own, or together in one."""
    marks = [column(mark(number), ROW) for number in range(len(config.subsets))]
    numbered = with_parts(taken, marks, rest=config.complement is not None)
    if not config.together:
        return divide(context, numbered, outputs(config), columns, _details(config))
    names = [*config.subsets, *([config.complement] if config.complement else [])]
    named = [(is_part(n), constant(name, Type.TEXT)) for n, name in enumerate(names)]
    segment = computed(cast(case(named), Type.TEXT), Type.TEXT)
    there = negation(exp.Is(this=column(SEGMENT, ROW), expression=exp.null()))
    rows = numbered.derive({SEGMENT: segment}).filter(there)
    return Outcome({"": rows.select([*columns, SEGMENT])})


def _overlapping(
    config: Split, context: ActivityContext, taken: Relation, columns: Sequence[str]
) -> Outcome:
    """Each row in every subset that took it; one table of marks is what they all select from."""
    marks = [mark(number) for number in range(len(config.subsets))]
    stage = taken.select([*columns, *marks])
    source = Relation.table(stage_name(context.activity), stage.schema, stage.key)
    found = {
        name: source.filter(column(taken_by, ROW)).select(columns)
        for name, taken_by in zip(config.subsets, marks, strict=True)
    }
    if config.complement:
        nobody = [negation(column(taken_by, ROW)) for taken_by in marks]
        found[config.complement] = source.filter(exp.and_(*nobody)).select(columns)
    return Outcome(found, stage=stage, details=_details(config))


def _reached(config: Split, outcome: Outcome) -> dict[str, Relation | bool]:
    """Of the subsets that stop when they are empty: whether anybody is in them."""
    stopping = [name for name, subset in config.subsets.items() if subset.when_empty == "stop"]
    anybody = compile_aggregate("count() > 0", Scope()) if stopping else None
    return {
        name: outcome.outputs[name].aggregate([], {"reached": anybody})
        for name in stopping
        if anybody is not None
    }


def _details(config: Split) -> dict[str, dict[str, object]]:
    """What reports know of each subset: that it is the control group, and its code."""
    facts = {
        name: {"control": True} if subset.control else {} for name, subset in config.subsets.items()
    }
    return {
        name: {**facts[name], **({"code": subset.code} if subset.code else {})}
        for name, subset in config.subsets.items()
        if subset.control or subset.code
    }


EXAMPLE: Final = """\
everybody: {type: build_audience}
cells:
  type: split
  from: everybody
  subsets:
    control: {limit: 10%, control: true}
    best: {where: tier = 'gold', limit: 500, order: [sum(orders.amount) desc]}
  complement: others
"""
ACTIVITY = ActivityType(
    name="split", config=Split, example=EXAMPLE, run=split, outputs=outputs, main_output=False
)
