"""Change of dimension: from rows of one entity to the rows of another that are linked to them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from pydantic import Field
from sqlglot import exp

from campanile.activities.amounts import CountOrAll, Size
from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext, Input
from campanile.activities.parts import computed, sort_columns, stage_name, within
from campanile.activities.rule_values import Expression, SortList
from campanile.catalog.link_paths import LinkPath, only_path, written_path
from campanile.catalog.names import ColumnName, Name
from campanile.catalog.scopes import require_dimension
from campanile.errors import DefinitionError
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_order, compile_value
from campanile.relations.sql import ROW, column, negation
from campanile.relations.values import Order

_NEW = "__new_"  # before the columns of the new dimension's key
_ADDED = "__added_"
_KEPT = "__kept"


class ChangeDimension(ActivityConfig):
    """The rows of another dimension to which the rows are linked."""

    type: Literal["change_dimension"] = "change_dimension"
    to: Name = Field(description="The targeting dimension of the rows that leave.")
    via: str | None = Field(
        default=None, description="The path of links that leads there, when there are several."
    )
    keep: CountOrAll = Field(
        default=1,
        description="How many former rows of one new row are kept; `all`, or more than one, adds"
        " the key of the former row.",
    )
    order: SortList = Field(
        default=(), description="Which former row comes first; by chance when left out."
    )
    add: dict[ColumnName, Expression] = Field(
        default={}, description="Columns computed from the former row."
    )
    complement: Name | None = Field(
        default=None, description="Name of the output of former rows that gave way to others."
    )


def outputs(config: ChangeDimension) -> tuple[str, ...]:
    """The new rows, the former ones without a partner, and those that gave way where named."""
    rest = (config.complement,) if config.complement else ()
    return ("", "unmatched", *rest)


def change_dimension(config: ChangeDimension, context: ActivityContext) -> Outcome:
    """Return the linked rows of `config.to`, at most `keep` for each of them.

    Every former row is in the main output, in `unmatched` (nothing is linked to it), or gave way:
    it is then in the complement, where that has a name.
    """
    source = context.inputs[0]
    target = require_dimension(context.catalog, config.to)
    path = _path(config, context, source, target.entity)
    pairs, sorting = _pairs(config, context, source, path)
    new_key = context.entity(target).key
    marked = _marked(config, pairs, sorting, source.relation)
    stage = Relation.table(stage_name(context.activity), marked.schema, ())
    return Outcome(_outputs(config, stage, source.relation, new_key), stage=marked)


def _path(
    config: ChangeDimension, context: ActivityContext, source: Input, target: str
) -> LinkPath:
    """The links from the rows' entity to the new one; raises DefinitionError when none fit."""
    if source.dimension is None:
        raise DefinitionError("The rows stand for nothing yet.", remedy="Use `reconciliation`.")
    entity = source.dimension.entity
    if entity == target:
        raise DefinitionError(f"The rows are of entity '{entity}' already.", code="dimension")
    written = config.via
    if written is None and source.dimension.recipient:
        person = written_path(context.catalog, entity, source.dimension.recipient)
        if person[-1].target == target:
            return person
    if written is None:
        return only_path(context.catalog, entity, target)
    path = written_path(context.catalog, entity, written)
    if path[-1].target != target:
        raise DefinitionError(
            f"'{written}' leads to '{path[-1].target}', not to '{target}'.", code="unknown_link"
        )
    return path


def _pairs(
    config: ChangeDimension, context: ActivityContext, source: Input, path: LinkPath
) -> tuple[Relation, list[Order]]:
    """Each former row beside each linked new one (empty where there is none), and its order."""
    assert source.dimension is not None
    rows, scope = source.relation, context.scope(source.relation, source.dimension)
    added = {f"{_ADDED}{alias}": compile_value(text, scope) for alias, text in config.add.items()}
    order = compile_order(config.order, scope) or [Order(rows.hash_value(context.salt))]
    keys, sorting = sort_columns("__order", order)
    own = {left: left for left, _ in path[0].match}
    step = rows.derive({**added, **keys}).join_one(
        context.entity(source.dimension), rows.key, {f"__0_{left}": left for left in own}
    )
    for number, link in enumerate(path):
        table = scope.entities[link.target]
        other = Relation.table(table.table, table.schema, table.key)
        on = {f"__{number}_{left}": right for left, right in link.match}
        if number + 1 < len(path):
            wanted = {f"__{number + 1}_{left}": left for left, _ in path[number + 1].match}
        else:
            wanted = {f"{_NEW}{part}": part for part in table.key}
        step = step.join_many(other, on, wanted)
    new_key = [name for name in step.schema if name.startswith(_NEW)]
    kept = [*rows.schema, *added, *keys, *new_key]
    pairs = step.select(kept)
    whole = _without_holes(pairs.distinct(), rows, new_key) if len(path) > 1 else pairs
    return whole, sorting


def _without_holes(pairs: Relation, rows: Relation, new_key: Sequence[str]) -> Relation:
    """Without the pairs that lead nowhere, of former rows that another link leads somewhere."""
    there = _is_there(new_key[0])
    somewhere = pairs.filter(there).select(rows.key).distinct()
    lost = pairs.filter(negation(there)).anti(somewhere, rows.key)
    return pairs.filter(there).union([lost])


def _is_there(name: str) -> exp.Expr:
    return negation(exp.Is(this=column(name, ROW), expression=exp.null()))


def _marked(
    config: ChangeDimension, pairs: Relation, sorting: Sequence[Order], rows: Relation
) -> Relation:
    """The pairs with `__kept`: whether the former row is among the first of its new one."""
    assert isinstance(config.keep, int)
    new_key = [name for name in pairs.schema if name.startswith(_NEW)]
    last = [Order(computed(column(part, ROW), rows.schema[part])) for part in rows.key]
    ranked = pairs.ranked("__place", new_key, [*sorting, *last])
    first = within("__place", Size(config.keep, "rows")) if config.keep else exp.true()
    marked = ranked.derive({_KEPT: computed(exp.and_(_is_there(new_key[0]), first))})
    left_out = [name for name in marked.schema if name.startswith(("__order", "__place"))]
    return marked.drop(left_out)


def _outputs(
    config: ChangeDimension, stage: Relation, rows: Relation, new_key: Sequence[str]
) -> dict[str, Relation]:
    kept = stage.filter(column(_KEPT, ROW))
    former = rows.key if config.keep != 1 else ()
    names = {f"{_NEW}{part}": part for part in new_key}
    names |= {f"{_ADDED}{alias}": alias for alias in config.add}
    chosen = [*(f"{_NEW}{part}" for part in new_key), *former]
    chosen += [f"{_ADDED}{alias}" for alias in config.add]
    nowhere = stage.filter(negation(_is_there(f"{_NEW}{new_key[0]}"))).select(list(rows.schema))
    found = {
        "": replace(kept.select(chosen).rename(names), key=tuple(new_key)),
        "unmatched": replace(nowhere, key=rows.key),
    }
    if config.complement:
        somewhere = stage.filter(_is_there(f"{_NEW}{new_key[0]}")).select(list(rows.schema))
        gave_way = somewhere.distinct().anti(kept.select(rows.key), rows.key)
        found[config.complement] = replace(gave_way, key=rows.key)
    return found


EXAMPLE: Final = """\
ending:
  type: build_audience
  dimension: contract
  where: status = 'active' and end_date <= add_days(today(), 30)
holders:
  type: change_dimension
  from: ending
  to: customer
  order: [end_date]
  add: {next_end: end_date}
"""
ACTIVITY = ActivityType(
    name="change_dimension",
    config=ChangeDimension,
    example=EXAMPLE,
    run=change_dimension,
    outputs=outputs,
    gives=lambda config: {"": config.to},
    own_outputs=("unmatched",),
    needs_dimension=True,
)
