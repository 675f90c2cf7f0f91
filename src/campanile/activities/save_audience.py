"""Save an audience: keep a population under a name, for other campaigns."""

from typing import Any, Literal

from pydantic import Field, field_validator

from campanile.activities.base import ActivityConfig, ActivityContext, ActivityType, Outcome
from campanile.catalog.names import ColumnName
from campanile.activities.values import Expression, NotBuilt, Text, fault
from campanile.errors import Refused


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
    """Return the rows of the input, and the effect that saves them."""
    raise Refused("save_audience is not built yet.")


ACTIVITY = ActivityType(
    name="save_audience", config=SaveAudience, run=save_audience, passes_on=True
)
