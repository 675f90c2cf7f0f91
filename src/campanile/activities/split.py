"""Split: subsets in order, each from what the former left over."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, Self

from pydantic import Field, model_validator
from sqlglot import exp

from campanile.activities.base import (
    ActivityConfig,
    ActivityContext,
    ActivityType,
    Options,
    Outcome,
)
from campanile.activities.parts import computed, divide, sort_columns, with_parts, within
from campanile.activities.shares import EVERYBODY, Share, adjacent_shares
from campanile.activities.values import NotBuilt, Rule, Size, SizeOption, SortList, fault
from campanile.catalog.names import Name
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_order, compile_rule
from campanile.relations.scope import Scope
from campanile.relations.values import ROW, Compiled, Order, column, negation


class Subset(Options):
    """One part: those for whom `where` holds, at most `limit` of them, the first by `order`."""

    where: Rule | None = Field(default=None, description="Who may be in it; all that are left.")
    limit: SizeOption | None = Field(
        default=None,
        description="`500`, `10%` of the input, or `10% of matched` (the rows its `where` passed).",
    )
    order: SortList = Field(
        default=(),
        description="Who comes first; without it a percentage is a share of a hash per person.",
    )
    code: str = Field(default="", description="A code for reports and files.")
    label: str = Field(default="", description="A title for people.")
    control: bool = Field(default=False, description="The group that reports compare with.")
    each: NotBuilt = None
    when_empty: NotBuilt = None

    @model_validator(mode="after")
    def _percentage_says_of_what(self) -> Self:
        if self.where is not None and self.limit and self.limit.unit == "percent":
            text = f"`{self.limit}` beside a `where` may mean two things."
            advice = f"Write `{self.limit} of matched`, or filter first."
            fault("size", f"{text} {advice}", "limit")
        if self.where is None and self.limit and self.limit.unit == "percent_of_matched":
            fault("size", f"`{self.limit}` needs a `where`.", "limit")
        return self


class Split(ActivityConfig):
    """Parts of a set; nobody is in two of them."""

    type: Literal["split"] = "split"
    subsets: dict[Name, Subset] = Field(
        min_length=1, description="The parts by name, in the order in which they choose."
    )
    complement: Name | None = Field(
        default=None, description="Name of the output of those whom no subset took."
    )
    overlap: NotBuilt = None
    together: NotBuilt = None
    distribution: NotBuilt = None
    redraw: NotBuilt = None

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.complement in self.subsets:
            fault("output", f"`{self.complement}` is a subset already.", "complement")
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
        if total > 100:
            fault("size", f"the percentages of the subsets add up to {total:f}%.", "subsets")
        return self


def outputs(config: Split) -> tuple[str, ...]:
    """The subsets in their order, then the complement; there is no main output."""
    rest = (config.complement,) if config.complement else ()
    return (*config.subsets, *rest)


def split(config: Split, context: ActivityContext) -> Outcome:
    """Return the subsets; each row of the input is in at most one, or in the complement.

    A percentage without `order` is a share of a hash, the same people at each execution; such
    shares lie side by side, so those that add up to 100 % leave nobody over. A number, or a
    percentage with `order`, is an exact count, of which halves are rounded up.
    """
    source = context.inputs[0]
    rows, scope = source.relation, context.scope(source.relation, source.dimension)
    plans = _plans(config, rows, scope, context.salt)
    divided = rows.derive({name: value for plan in plans for name, value in plan.columns.items()})
    left: list[exp.Expr] = []
    for number, plan in enumerate(plans):
        divided = _take(divided, number, plan, left)
        left.append(negation(column(f"__taken{number}", ROW)))
    taken = [column(f"__taken{number}", ROW) for number in range(len(plans))]
    numbered = with_parts(divided, taken, rest=config.complement is not None)
    return divide(context, numbered, outputs(config), list(rows.schema), _details(config))


@dataclass(frozen=True)
class _Plan:
    """How a subset takes: of those left for whom `conditions` hold all, or the first by `sorting`.

    `columns` are what its conditions and sort keys read.
    """

    limit: Size | None
    columns: Mapping[str, Compiled]
    conditions: tuple[exp.Expr, ...]
    sorting: tuple[Order, ...]  # empty: no ranking


def _plans(config: Split, rows: Relation, scope: Scope, salt: str) -> list[_Plan]:
    numbered = enumerate(config.subsets.items())
    shares = _shares(list(config.subsets.values()))
    return [
        _plan(number, subset, shares[number], rows, scope, _salt(salt, name, subset))
        for number, (name, subset) in numbered
    ]


def _shares(subsets: Sequence[Subset]) -> list[Share | None]:
    """The share that each subset draws; None where a ranking cuts it."""
    adjacent = iter(
        adjacent_shares(
            (_percentage(subset), bool(subset.order))
            for subset in subsets
            if subset.limit and subset.limit.unit == "percent"
        )
    )
    return [_share(subset, adjacent) for subset in subsets]


def _share(subset: Subset, adjacent: Iterator[Share | None]) -> Share | None:
    if subset.limit is None:
        return EVERYBODY
    if subset.limit.unit == "percent":
        return next(adjacent)
    if subset.limit.unit == "percent_of_matched" and not subset.order:
        return Share(Fraction(0), _percentage(subset) / 100)
    return None


def _percentage(subset: Subset) -> Fraction:
    assert subset.limit
    assert isinstance(subset.limit.amount, int | Decimal)
    return Fraction(subset.limit.amount)


def _salt(salt: str, name: str, subset: Subset) -> str:
    """Percentages of the input share one chance; every other subset draws for itself."""
    shared = subset.limit is not None and subset.limit.unit == "percent"
    return salt if shared else f"{salt}/{name}"


def _plan(
    number: int, subset: Subset, share: Share | None, rows: Relation, scope: Scope, salt: str
) -> _Plan:
    bucket = rows.hash_value(salt)
    columns: dict[str, Compiled] = {}
    if subset.where is not None:
        columns[f"__where{number}"] = compile_rule(subset.where, scope)
    if share is not None and share != EVERYBODY:
        columns[f"__drawn{number}"] = computed(share.holds(bucket))
    conditions = tuple(column(name, ROW) for name in columns)
    if share is not None:
        return _Plan(None, columns, conditions, ())
    order = compile_order(subset.order, scope) or [Order(bucket)]
    keys, sorting = sort_columns(f"__order{number}_", order)
    return _Plan(subset.limit, {**columns, **keys}, conditions, tuple(sorting))


def _take(rows: Relation, number: int, plan: _Plan, left: Sequence[exp.Expr]) -> Relation:
    """Add the column `__taken<number>`: whether the subset takes the row."""
    wanted = [*left, *plan.conditions]
    may = exp.and_(*wanted) if wanted else exp.true()
    if plan.limit is None:
        return rows.derive({f"__taken{number}": computed(may)})
    candidate, place = f"__may{number}", f"__place{number}"
    ranked = rows.derive({candidate: computed(may)}).ranked(place, [candidate], plan.sorting)
    of = (column(candidate, ROW),) if plan.limit.unit == "percent_of_matched" else ()
    first = exp.and_(column(candidate, ROW), within(place, plan.limit, of))
    return ranked.derive({f"__taken{number}": computed(first)})


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
