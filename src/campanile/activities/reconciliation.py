"""Reconciliation: find out which rows of a dimension the rows of a file, or of another one, are."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Literal, Self

from pydantic import Field, model_validator
from sqlglot import exp

from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ROW_NUMBER, ActivityContext
from campanile.activities.matches import MatchOptions, require_one_way, target_order
from campanile.activities.options import RuleSite
from campanile.activities.parts import computed, number_of, stage_name
from campanile.activities.rule_values import Rule, SortList
from campanile.catalog.names import Name
from campanile.catalog.scopes import require_dimension
from campanile.errors import in_option
from campanile.relations.matching import PARTNERS, Match, Side
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_rule
from campanile.relations.sql import ROW, case, coalesce, column, constant, negation
from campanile.relations.types import Type
from campanile.relations.values import Compiled

REASON: Final = "reason"  # the column that says why a row was not matched
_KEY, _WHY, _TRIED = "__found_", "__why", "__tried"
_REASONS: Final = ("not_tried", "empty", "no_match", "ambiguous")


class Reconciliation(MatchOptions, ActivityConfig):
    """The rows, as rows of the targeting dimension that they match."""

    type: Literal["reconciliation"] = "reconciliation"
    dimension: Name | None = Field(
        default=None, description="Targeting dimension to look in; the campaign's when left out."
    )
    where: Rule | None = Field(default=None, description="Which rows are tried.")
    order: SortList = Field(
        default=(),
        description="Which row of the dimension is meant, where several match; without it none is.",
    )
    unmatched: Literal["keep", "drop"] = Field(
        default="keep",
        description="Whether rows without a match stay in the main output, with an empty key.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        require_one_way(self)
        return self

    def rules(self) -> Iterator[RuleSite]:
        """Find the rules about the rows; the order is one of the dimension's rows."""
        return (site for site in super().rules() if site.path[0] != "order")


def outputs(_: Reconciliation) -> tuple[str, ...]:
    """The rows with the key that was found, and in `unmatched` the others with the `reason`.

    The reason is `not_tried`, `empty` (a value to match by), `no_match`, or `ambiguous`.
    """
    return ("", "unmatched")


def reconcile(config: Reconciliation, context: ActivityContext) -> Outcome:
    """Return the rows with the key of the dimension's row that each of them matches.

    Each row is matched, or is in `unmatched` with the `reason`: `not_tried`, `empty` (a value to
    match by), `no_match`, or `ambiguous`: several match and no order says which is meant. That is
    a fault, and counted. Several rows may match the same one: then its key comes several times.
    """
    source = context.inputs[0]
    dimension = context.gives or require_dimension(context.catalog, config.dimension)
    everybody = context.entity(dimension)
    target = Side(everybody, context.scope(None, dimension))
    rows = Side(source.relation, context.scope(source.relation, source.dimension))
    match = config.find(replace(rows, rows=_tried(config, rows)), target)
    found = match.one(target_order(config.order, target))
    wanted = {f"{_KEY}{part}": part for part in everybody.key}
    joined = match.rows.join_one(found, match.ids, {**wanted, PARTNERS: PARTNERS})
    judged = joined.derive({_WHY: _why(match, any_will_do=bool(config.order))})
    stage = judged.select([*source.relation.schema, *wanted, _WHY])
    table = Relation.table(stage_name(context.activity), stage.schema)
    return Outcome(
        outputs={
            "": _main(config, table, everybody),
            "unmatched": _unmatched(table, source.relation),
        },
        stage=stage,
        counts={"": _counts(table)},
        faults={
            "ambiguous": f"Several rows of {dimension.name} match; nobody was chosen. Say with"
            " `order` which one is meant, or match by more."
        },
    )


def _tried(config: Reconciliation, rows: Side) -> Relation:
    """The rows with a mark for those that are tried."""
    if config.where is None:
        return rows.rows.with_constant(_TRIED, True, Type.BOOLEAN)
    with in_option("where"):
        scope = rows.scope.over(rows.rows.schema, rows.rows.source)
        return rows.rows.derive({_TRIED: compile_rule(config.where, scope)})


def _why(match: Match, *, any_will_do: bool) -> Compiled:
    """Why a row is not matched; NULL when it is."""
    partners = coalesce(column(PARTNERS, ROW), constant(0, Type.INTEGER))
    empty = [exp.Is(this=column(name, ROW), expression=exp.null()) for name in match.keys]
    several = exp.GT(this=partners.copy(), expression=constant(1, Type.INTEGER))
    conditions = (
        negation(column(_TRIED, ROW)),
        exp.or_(*empty),
        exp.EQ(this=partners, expression=constant(0, Type.INTEGER)),
        exp.false() if any_will_do else several,
    )
    reasons = [constant(reason, Type.TEXT) for reason in _REASONS]
    return computed(case(list(zip(conditions, reasons, strict=True))), Type.TEXT)


def _is_matched() -> exp.Expr:
    return exp.Is(this=column(_WHY, ROW), expression=exp.null())


def _main(config: Reconciliation, table: Relation, everybody: Relation) -> Relation:
    """The matched rows, and the others where they are kept: the key found, then their columns."""
    key = {f"{_KEY}{part}": part for part in everybody.key}
    kept = table.filter(_is_matched()) if config.unmatched == "drop" else table
    known = {
        f"__{name}": computed(case([(_is_matched(), column(name, ROW))]), table.schema[name])
        for name in key
    }
    own = [name for name in table.schema if name not in (*key, *everybody.key, _WHY, ROW_NUMBER)]
    named = kept.derive(known).select([*known, *own])
    return replace(
        named.rename({f"__{name}": part for name, part in key.items()}), key=everybody.key
    )


def _unmatched(table: Relation, rows: Relation) -> Relation:
    """The other rows as they came, and the reason; that of an earlier reconciliation gives way."""
    own = [name for name in rows.schema if name != REASON]
    left = table.filter(negation(_is_matched())).select([*own, _WHY])
    return replace(left.rename({_WHY: REASON}), key=rows.key)


def _counts(table: Relation) -> Relation:
    """How many rows were matched, and how many were not for each reason."""
    because = {
        reason.replace("_", " "): exp.EQ(
            this=column(_WHY, ROW), expression=constant(reason, Type.TEXT)
        )
        for reason in _REASONS
    }
    counted = {"matched": _is_matched(), **because}
    return table.aggregate([], {name: number_of(condition) for name, condition in counted.items()})


EXAMPLE: Final = """\
ending:
  type: build_audience
  dimension: contract
  where: status = 'active'
payers:
  type: reconciliation
  from: ending
  dimension: customer
  match: {lower(billing_email): lower(email)}
  order: [last_seen desc]
"""
ACTIVITY = ActivityType(
    name="reconciliation",
    config=Reconciliation,
    example=EXAMPLE,
    run=reconcile,
    outputs=outputs,
    gives=lambda config: {"": config.dimension or ""},
    own_outputs=("unmatched",),
)
