"""Split: subsets in order, each from what the former left over."""

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from campanile.activities.base import (
    ActivityConfig,
    ActivityContext,
    ActivityType,
    Options,
    Outcome,
)
from campanile.catalog.names import Name
from campanile.activities.values import NotBuilt, Rule, SizeOption, SortList, fault
from campanile.errors import Refused


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
    """Return the subsets; each row of the input is in at most one, or in the complement."""
    raise Refused("split is not built yet.")


ACTIVITY = ActivityType(name="split", config=Split, run=split, outputs=outputs, main_output=False)
