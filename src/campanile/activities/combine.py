"""Combine: who is in any set, in all of them, or in the first and none of the others."""

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from campanile.activities.base import ActivityConfig, ActivityContext, ActivityType, Outcome
from campanile.activities.values import NotBuilt, SizeOption, fault
from campanile.catalog.names import ColumnName, Name
from campanile.errors import Refused


class Combine(ActivityConfig):
    """One set out of several of one dimension; the first of `from` is the primary set."""

    type: Literal["combine"] = "combine"
    mode: Literal["union", "intersection", "exclusion"] = Field(
        description="In any of the sets, in all of them, or in the first and in no other."
    )
    by: Literal["key", "common"] | tuple[ColumnName, ...] = Field(
        default="key",
        description="What makes two rows equal: the key, the columns they share, or these columns.",
    )
    limit: SizeOption | None = Field(
        default=None, description="At most so many rows, filled input by input."
    )
    complement: Name | None = Field(
        default=None,
        description="Name of the rest: exclusion, the primary set without the result;"
        " intersection, the union without it.",
    )
    align: NotBuilt = None

    @field_validator("by", mode="before")
    @classmethod
    def _key_common_or_columns(cls, by: Any) -> Any:
        if isinstance(by, str) and by not in ("key", "common"):
            fault("by", f"`{by}` is neither `key` nor `common`; a list names columns: [{by}].")
        return by

    @model_validator(mode="after")
    def _sets_fit_the_mode(self) -> Self:
        if len(self.from_) < 2:
            fault("inputs", "combine needs at least two sets in `from`.", "from")
        if len(set(self.from_)) < len(self.from_):
            fault("inputs", "a set stands twice in `from`.", "from")
        if self.complement and self.mode == "union":
            fault("complement", "a union leaves nobody over.", "complement")
        if isinstance(self.by, tuple) and not self.by:
            fault("by", "`by` lists no column.", "by")
        return self


def outputs(config: Combine) -> tuple[str, ...]:
    """The combined set, and the rest where it has a name."""
    return ("", config.complement) if config.complement else ("",)


def combine(config: Combine, context: ActivityContext) -> Outcome:
    """Return one set, each key in it once, with the columns of the first set."""
    raise Refused("combine is not built yet.")


ACTIVITY = ActivityType(
    name="combine", config=Combine, run=combine, outputs=outputs, many_inputs=True
)
