"""How subsets take their rows: by rules, shares of a hash, exact ranks and quotas."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, Self

from pydantic import Field, model_validator
from sqlglot import exp

from campanile.activities.amounts import Size, SizeOption
from campanile.activities.options import Options
from campanile.activities.parts import computed, sort_columns, within
from campanile.activities.quotas import Each, is_within_quota, require_countable
from campanile.activities.rule_values import Rule, SortList
from campanile.activities.shares import EVERYBODY, Share, adjacent_shares
from campanile.activities.values import fault
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_order, compile_rule, compile_value
from campanile.relations.scope import Scope
from campanile.relations.sql import ROW, column, negation
from campanile.relations.values import Compiled, Order


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
    each: Each | None = Field(
        default=None, description="A size for each value of an expression, instead of `limit`."
    )
    when_empty: Literal["continue", "stop"] = Field(
        default="continue", description="Without rows: go on, or count as not reached."
    )

    @property
    def is_sized(self) -> bool:
        """Whether it says how many it takes."""
        return self.limit is not None or self.each is not None

    @model_validator(mode="after")
    def _percentage_says_of_what(self) -> Self:
        if self.where is not None and self.limit and self.limit.unit == "percent":
            text = f"`{self.limit}` beside a `where` may mean two things."
            advice = f"Write `{self.limit} of matched`, or filter first."
            fault("size", f"{text} {advice}", "limit")
        if self.each is not None and self.limit is not None:
            fault("size", "`limit` and `each` both say how many: keep one.", "each")
        if self.where is None and self.limit and self.limit.unit == "percent_of_matched":
            fault("size", f"`{self.limit}` needs a `where`.", "limit")
        return self


@dataclass(frozen=True)
class _Plan:
    """How a subset takes: of those left for whom `conditions` hold all, or the first by `sorting`.

    `columns` are what its conditions and sort keys read. Without `limit` and `each` it takes all.
    `drawn` is the chance of each row, where no sort list ranks it.
    """

    columns: Mapping[str, Compiled]
    conditions: tuple[exp.Expr, ...]
    sorting: tuple[Order, ...] = ()
    limit: Size | None = None
    each: Each | None = None
    drawn: Compiled | None = None


def take_all(
    subsets: Mapping[str, Subset], rows: Relation, scope: Scope, salt: str, *, overlap: bool
) -> Relation:
    """The rows with a column `__taken<n>` for each subset: whether the subset takes the row.

    Each subset takes from what the former ones left, or with `overlap` from all rows.
    """
    plans = _plans(subsets, rows, scope, salt, overlap=overlap)
    taken = rows.derive({name: value for plan in plans for name, value in plan.columns.items()})
    left: list[exp.Expr] = []
    for number, plan in enumerate(plans):
        taken = _take(taken, number, plan, () if overlap else left)
        left.append(negation(column(mark(number), ROW)))
    return taken


def mark(number: int) -> str:
    """The column that says whether the subset with this number takes a row."""
    return f"__taken{number}"


def _plans(
    subsets: Mapping[str, Subset], rows: Relation, scope: Scope, salt: str, *, overlap: bool
) -> list[_Plan]:
    numbered = enumerate(subsets.items())
    shares = [_own_share(s) for s in subsets.values()] if overlap else _shares([*subsets.values()])
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
    if subset.each is not None:
        return None
    if subset.limit is None:
        return EVERYBODY
    if subset.limit.unit == "percent":
        return next(adjacent)
    if subset.limit.unit == "percent_of_matched" and not subset.order:
        return Share(Fraction(0), _percentage(subset) / 100)
    return None


def _own_share(subset: Subset) -> Share | None:
    """The share of a subset that takes from everybody, whatever the others take."""
    if subset.limit is None or subset.limit.unit != "percent":
        return _share(subset, iter(()))
    return None if subset.order else Share(Fraction(0), _percentage(subset) / 100)


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
        return _Plan(columns, conditions)
    order = compile_order(subset.order, scope) or [Order(bucket)]
    keys, sorting = sort_columns(f"__order{number}_", order)
    columns |= keys
    if subset.each is not None:
        by = compile_value(subset.each.by, scope)
        require_countable(by)
        columns[f"__group{number}"] = by
    drawn = None if subset.order else bucket
    return _Plan(columns, conditions, tuple(sorting), subset.limit, subset.each, drawn)


def _take(rows: Relation, number: int, plan: _Plan, left: Sequence[exp.Expr]) -> Relation:
    wanted = [*left, *plan.conditions]
    may = exp.and_(*wanted) if wanted else exp.true()
    if plan.limit is None and plan.each is None:
        return rows.derive({mark(number): computed(may)})
    candidate, place, group = f"__may{number}", f"__place{number}", f"__group{number}"
    by = [candidate, group] if plan.each else [candidate]
    ranked = rows.derive({candidate: computed(may)}).ranked(place, by, plan.sorting)
    if plan.each is not None:
        inside = is_within_quota(plan.each, place, candidate, group, plan.drawn)
    else:
        assert plan.limit is not None
        of = (column(candidate, ROW),) if plan.limit.unit == "percent_of_matched" else ()
        inside = within(place, plan.limit, of)
    return ranked.derive({mark(number): computed(exp.and_(column(candidate, ROW), inside))})
