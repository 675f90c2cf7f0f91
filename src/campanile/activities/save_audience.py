"""Save an audience: keep a population under a name, for other campaigns."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, field_validator

from campanile.activities import base
from campanile.activities.base import ActivityConfig, ActivityContext, ActivityType, Outcome
from campanile.activities.values import Expression, NotBuilt, Text, fault
from campanile.catalog.names import ColumnName
from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value
from campanile.relations.scope import Scope


class SaveAudience(ActivityConfig):
    """Write the rows to a saved audience and pass them on; a test execution saves nothing."""

    type: Literal["save_audience"] = "save_audience"
    audience: Text = Field(description="Name of the saved audience; a template.")
    mode: Literal["replace"] = Field(default="replace", description="The new rows take over.")
    columns: dict[ColumnName, Expression] = Field(
        default={}, description="Columns kept beside the key; the computed ones when left out."
    )
    identity: NotBuilt = None

    @field_validator("mode", mode="before")
    @classmethod
    def _only_replace(cls, mode: Any) -> Any:
        if mode in ("append", "update"):
            fault("not_built", f"`mode: {mode}` of save_audience is not built yet; use `replace`.")
        return mode


def save_audience(config: SaveAudience, context: ActivityContext) -> Outcome:
    """Return the rows of the input, and the effect that saves the key and the columns of each."""
    source = context.inputs[0]
    rows, scope = source.relation, context.scope(source.relation, source.dimension)
    saved = _with_columns(rows, config.columns, scope) if config.columns else rows
    effect = base.SaveAudience(config.audience, config.mode, tuple(saved.schema), saved)
    return Outcome(outputs={"": rows}, effects=(effect,))


def _with_columns(rows: Relation, columns: Mapping[str, str], scope: Scope) -> Relation:
    """The key and `columns`, which may bear the names of columns that the rows have already."""
    values = {f"__{alias}": compile_value(text, scope) for alias, text in columns.items()}
    kept = rows.derive(values).select([*rows.key, *values])
    return kept.rename({f"__{alias}": alias for alias in columns})


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
