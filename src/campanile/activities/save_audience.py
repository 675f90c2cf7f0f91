"""Save an audience: keep a population under a name, for other campaigns."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from pydantic import Field

from campanile.activities import effects
from campanile.activities.base import ActivityConfig, ActivityType, Outcome
from campanile.activities.context import ActivityContext
from campanile.activities.rule_values import Expression
from campanile.activities.values import ColumnNames, Text
from campanile.catalog.names import ColumnName
from campanile.errors import DefinitionError, in_option
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value
from campanile.relations.scope import Scope


class SaveAudience(ActivityConfig):
    """Write the rows to a saved audience and pass them on; a test execution saves nothing."""

    type: Literal["save_audience"] = "save_audience"
    audience: Text = Field(description="Name of the saved audience; a template.")
    mode: Literal["replace", "append", "update"] = Field(
        default="replace",
        description="The new rows take over; are added to those that are there; or are added and"
        " renew the columns of those that are there.",
    )
    identity: ColumnNames = Field(
        default=(),
        description="Attributes by which a row is known instead of its key, such as an address:"
        " one row for each, none for an empty one.",
    )
    columns: dict[ColumnName, Expression] = Field(
        default={}, description="Columns kept beside the key; the computed ones when left out."
    )


def save_audience(config: SaveAudience, context: ActivityContext) -> Outcome:
    """Return the rows of the input, and the effect that saves the key and the columns of each."""
    source = context.inputs[0]
    rows, scope = source.relation, context.scope(source.relation, source.dimension)
    saved = _with_columns(rows, config.columns, scope) if config.columns else rows
    if config.identity:
        saved = _identified(config, rows, saved, scope)
    effect = effects.SaveAudience(
        config.audience, config.mode, tuple(saved.schema), saved, tuple(saved.key)
    )
    return Outcome(outputs={"": rows}, effects=(effect,))


def _with_columns(rows: Relation, columns: Mapping[str, str], scope: Scope) -> Relation:
    """The key and `columns`, which may bear the names of columns that the rows have already."""
    values = {f"__{alias}": compile_value(text, scope) for alias, text in columns.items()}
    kept = rows.derive(values).select([*rows.key, *values])
    return kept.rename({f"__{alias}": alias for alias in columns})


def _identified(config: SaveAudience, rows: Relation, saved: Relation, scope: Scope) -> Relation:
    """The rows with the attributes of `identity`, the first by key of each, as their new key."""
    for number, name in enumerate(config.identity):
        with in_option("identity", number):
            if scope.entity is None or name not in scope.entity.schema:
                there = ", ".join(scope.entity.schema) if scope.entity else "none"
                message = f"`{name}` is no attribute of the dimension."
                raise DefinitionError(message, remedy=f"There is: {there}.", code="unknown_column")
            if name in config.columns:
                raise DefinitionError(f"`{name}` is one of the `columns` too; name it once.")
    missing = [name for name in config.identity if name not in saved.schema]
    own = {name: compile_value(name, scope) for name in missing}
    marked = rows.derive(own).select([*rows.key, *missing])
    joined = saved.join_one(marked, list(rows.key), {name: name for name in missing})
    rules = [f"not is_empty({name})" for name in config.identity]
    known = joined.where(rules, Scope(columns=joined.schema))
    return replace(known.top(config.identity, ()), key=config.identity)


EXAMPLE: Final = """\
lapsed: {type: build_audience, where: not exists(orders)}
keep: {type: save_audience, from: lapsed, audience: never_bought, columns: {town: store.city}}
"""
ACTIVITY = ActivityType(
    name="save_audience",
    config=SaveAudience,
    example=EXAMPLE,
    run=save_audience,
    passes_on=True,
    needs_dimension=True,
)
