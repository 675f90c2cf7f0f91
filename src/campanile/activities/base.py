"""What every activity is: the options all of them have, its outputs, and what it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from campanile.activities.context import ActivityContext
from campanile.activities.effects import Effect
from campanile.activities.options import Options
from campanile.activities.rule_values import TableRule
from campanile.activities.values import FormerNames, References, fault
from campanile.catalog.names import Name
from campanile.relations.types import Schema

if TYPE_CHECKING:
    from campanile.relations.relation import Relation


OnError: TypeAlias = Literal["pause", "ignore", "stop"]


class Check(Options):
    """A table rule that should hold: `hold` stops the execution until somebody approves."""

    hold: TableRule | None = Field(
        default=None, description="A table rule; when it is false, the execution is held."
    )
    warn: TableRule | None = Field(
        default=None, description="A table rule; when it is false, it is told and goes on."
    )

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.hold is None) == (self.warn is None):
            fault("check", "a check is either `hold:` or `warn:` with one table rule.")
        return self

    @property
    def kind(self) -> Literal["hold", "warn"]:
        """What happens when the rule is false."""
        return "warn" if self.hold is None else "hold"

    @property
    def rule(self) -> str:
        """The rule as written."""
        return self.hold or self.warn or ""


class ActivityConfig(Options):
    """The options every activity has."""

    type: str = Field(description="One of the activity types.")
    from_: References = Field(
        default=(), alias="from", description="The transition, or list of them, that brings rows."
    )
    after: References = Field(
        default=(), description="Activities that must be done first; brings no rows."
    )
    label: str = Field(default="", description="A title for people.")
    note: str = Field(default="", description="Markdown, shown on the asset.")
    labels: dict[Name, str] = Field(default={}, description="A title for each output.")
    when_empty: Literal["continue", "stop", "fail"] = Field(
        default="continue",
        description="With no rows: go on; stop this branch as not reached; or fail the execution.",
    )
    disabled: bool = Field(default=False, description="Passes nothing on: not reached.")
    checks: tuple[Check, ...] = Field(
        default=(), description="What must be true of its rows before anything follows."
    )
    pause: bool = Field(
        default=False,
        description="The execution pauses when it comes here (at a gate: when that opens), until"
        " somebody resumes it.",
    )
    on_error: OnError | None = Field(
        default=None,
        description="After the last attempt: `pause` the execution, `ignore` (this branch ends as"
        " not reached, others go on) or `stop`; what the campaign says when left out.",
    )
    renamed_from: FormerNames = Field(
        default=(), description="What it was called: its memory goes on."
    )

    def links_from(self) -> Mapping[tuple[str | int, ...], str]:
        """The transitions that options deeper down read, by the path of the option."""
        return {}


@dataclass(frozen=True)
class Outcome:
    """What an activity gives: a relation for each output ("" is the main one), and effects.

    `stage` is materialised once as the table `stage__<activity>`, and the outputs select from it.
    `reached` says for an output whether the path comes there: a boolean, or a relation of one row
    with one boolean column. `details` are facts about an output that its manifest row keeps; so
    is the one row of whole numbers that `counts` has for an output. Which of those numbers are
    faults, as soon as they are not 0, is said by `faults`: name and remedy.
    """

    outputs: "Mapping[str, Relation]"
    stage: "Relation | None" = None
    reached: "Mapping[str, Relation | bool]" = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    details: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    counts: "Mapping[str, Relation]" = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)


def _same_dimension(_: Any) -> Mapping[str, str | None]:
    return {}


def _main_output(_: Any) -> tuple[str, ...]:
    return ("",)


@dataclass(frozen=True)
class ActivityType:
    """One type of activity: what a campaign file may say of it, and what it does.

    `outputs(config)` names them, "" being the main one; `gives(config)` the dimension of those that
    have another one than the rows that come in (None: none yet; "": the campaign's). `added` are
    the columns that an output of a gate has beyond its input, `own_outputs` the names that a file
    may not give to anything else. The rows of a `dimensionless` start stand for nothing yet (their
    key is `ROW_NUMBER`); a type that `needs_dimension` takes no such rows. `example` is the
    `activities:` of a small campaign that uses it.
    """

    name: str
    config: type[ActivityConfig]
    example: str
    run: Callable[[Any, ActivityContext], Outcome]
    outputs: Callable[[Any], tuple[str, ...]] = _main_output
    gives: Callable[[Any], Mapping[str, str | None]] = _same_dimension
    starts: bool = False
    gate: bool = False
    channel: str | None = None
    passes_on: bool = False
    dimensionless: bool = False
    needs_dimension: bool = False
    main_output: bool = True
    many_inputs: bool = False
    own_outputs: tuple[str, ...] = ()
    added: Mapping[str, Schema] = field(default_factory=dict)
