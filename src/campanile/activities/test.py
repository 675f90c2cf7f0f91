"""Test: send all rows down the first branch whose condition is true."""

from typing import Literal, Self

from pydantic import Field, model_validator

from campanile.activities.base import ActivityConfig, ActivityContext, ActivityType, Outcome
from campanile.catalog.names import Name
from campanile.activities.values import TableRule, fault
from campanile.errors import Refused


class Test(ActivityConfig):
    """Conditions over the whole table, tried in order; the branches not taken are not reached."""

    __test__ = False  # not a test case of pytest

    type: Literal["test"] = "test"
    conditions: dict[Name, TableRule] = Field(
        min_length=1, description="Branches in order, each with a table rule; the first true wins."
    )
    default: Name | None = Field(
        default=None, description="The branch when no condition holds; else the path ends."
    )

    @model_validator(mode="after")
    def _default_is_another(self) -> Self:
        if self.default in self.conditions:
            fault("output", f"`{self.default}` is a condition already.", "default")
        return self


def outputs(config: Test) -> tuple[str, ...]:
    """The branches; there is no main output."""
    return (*config.conditions, *((config.default,) if config.default else ()))


def test(config: Test, context: ActivityContext) -> Outcome:
    """Return all rows in one branch, reached; the others empty and not reached."""
    raise Refused("test is not built yet.")


ACTIVITY = ActivityType(name="test", config=Test, run=test, outputs=outputs, main_output=False)
