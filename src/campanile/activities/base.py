"""What every activity is: its options, its outputs, and what it is given and gives back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    Self,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from campanile.activities.values import (
    FormerNames,
    Marked,
    NotBuilt,
    ParameterRef,
    References,
    Size,
    TableRule,
    fault,
)
from campanile.catalog.entities import Catalog, Dimension
from campanile.catalog.names import Name
from campanile.catalog.scopes import require_dimension
from campanile.errors import Refused
from campanile.relations.types import Schema

if TYPE_CHECKING:
    from campanile.relations.relation import Relation
    from campanile.relations.scope import Scope


# The key of rows that stand for nothing yet: their number, unique in the table. No author can
# give a column this name, and it is no column of a file that such rows are written to.
ROW_NUMBER: Final = "row_number__"


@dataclass(frozen=True)
class RuleSite:
    """One rule, value or sort list of an activity; `path` leads to it from the activity."""

    path: tuple[str | int, ...]
    kind: Literal["rule", "value", "order", "table_rule", "aggregate"]
    written: Any
    groups: tuple[str, ...] = ()  # of an aggregate: the values that its rows are grouped by
    reads_added: bool = False  # columns or links that the activity itself adds


class Options(BaseModel):
    """A map of options: each key is known, or refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True
    )
    # True for the options whose rules speak about a linked entity's rows, not about the activity's.
    linked: ClassVar[bool] = False

    def rules(self) -> Iterator[RuleSite]:
        """Find every rule about the activity's own rows, in the order of the options."""
        if self.linked:
            return
        for name, info in type(self).model_fields.items():
            written = (
                Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
            )
            yield from _sites((info.alias or name,), written, getattr(self, name))


def _sites(path: tuple[str | int, ...], annotation: Any, value: Any) -> Iterator[RuleSite]:
    """Follow `annotation` and `value` together down to the texts marked as rules."""
    if value is None or value == ():
        return
    if isinstance(value, Options):
        yield from (RuleSite((*path, *s.path), s.kind, s.written) for s in value.rules())
        return
    kind, arguments = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        marks = [mark for mark in annotation.__metadata__ if isinstance(mark, Marked)]
        if marks:
            yield RuleSite(path, marks[0].kind, value)
        else:
            yield from _sites(path, arguments[0], value)
    elif kind in (Union, UnionType):
        for arm in arguments:
            yield from _sites(path, arm, value)
    elif kind is tuple and isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from _sites((*path, number), arguments[0], part)
    elif kind is dict and isinstance(value, dict):
        for key, part in value.items():
            yield from _sites((*path, key), arguments[1], part)


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
    pause: NotBuilt = None
    on_error: NotBuilt = None
    renamed_from: FormerNames = Field(
        default=(), description="What it was called: its memory goes on."
    )

    def links_from(self) -> Mapping[tuple[str | int, ...], str]:
        """The transitions that options deeper down read, by the path of the option."""
        return {}


@dataclass(frozen=True)
class Input:
    """Rows that a transition brings; an unreached one has none."""

    transition: str  # "activity" or "activity.output"
    relation: "Relation"
    dimension: Dimension | None
    reached: bool = True


@dataclass(frozen=True)
class CurrentRows:
    """The table a session binds the newest rows of an entity as, and their version (0: none)."""

    table: str
    version: int


@dataclass(frozen=True)
class ActivityContext:
    """All that an activity may know; it is given, never looked up, so running is pure.

    `linked` are the transitions that options deeper down read; `gives` is the dimension of the main
    output; `current` has the rows of this moment of an entity that the activity writes to.
    `scope(relation, dimension)` is what a rule over `relation` can reach (None: the entity itself);
    `entity(dimension)` the rows of the dimension's entity; `salt` the text that chance is hashed
    with; `incoming` the rows that started the execution; `remembered` who was taken in before.
    """

    campaign: str
    version: int
    activity: str
    execution: str
    inputs: tuple[Input, ...]
    dimension: Dimension | None
    catalog: Catalog
    scope: "Callable[[Relation | None, Dimension | None], Scope]"
    salt: str
    entity: "Callable[[Dimension], Relation]"
    audiences: "Mapping[str, AudienceRows]" = field(default_factory=dict)
    incoming: "Relation | None" = None
    remembered: "Remembered | None" = None
    linked: Mapping[str, Input] = field(default_factory=dict)
    gives: Dimension | None = None
    current: "Mapping[str, CurrentRows]" = field(default_factory=dict)


@dataclass(frozen=True)
class SaveAudience:
    """Keep `relation` as the saved audience `audience` when the activity commits.

    `identity` are the columns by which a row is known: two rows never agree in all of them.
    """

    audience: str
    mode: Literal["replace", "append", "update"]
    columns: tuple[str, ...]
    relation: "Relation"
    identity: tuple[str, ...]


@dataclass(frozen=True)
class AudienceRows:
    """A saved audience that may be read: its rows, known by their key, and their dimension."""

    rows: "Relation"
    dimension: str


@dataclass(frozen=True)
class UpdateEntity:
    """Put `relation`, whole rows of `entity`, into its `version`; or take them out."""

    entity: str
    version: int
    removes: bool
    relation: "Relation"


@dataclass(frozen=True)
class FileLayout:
    """How rows are written to a file: its kind, headers in their order, signs and packing.

    `guards`: a text that a spreadsheet would run as a formula gets an apostrophe in front.
    """

    format: Literal["csv", "parquet"]
    headers: tuple[str, ...]
    header: bool = True
    separator: str = ","
    encoding: str = "utf-8"
    guards: bool = True
    compress: Literal["none", "gzip", "zip"] = "none"


@dataclass(frozen=True)
class WriteFile:
    """Write a file when the activity commits.

    The first columns of `relation` are the file's, in the order of the headers; its rows are in
    the order of the file.
    """

    file: str
    layout: FileLayout
    relation: "Relation"


@dataclass(frozen=True)
class Alert:
    """Tell the campaign's supervisors and subscribers."""

    title: str
    message: str


@dataclass(frozen=True)
class Signal:
    """Start another campaign with `payload` as its parameters."""

    campaign: str
    payload: Mapping[str, object]


@dataclass(frozen=True)
class Remembered:
    """Whom earlier executions of a query took in.

    `keys` hold the text form of their keys as the column `person`; `until` is the instant up to
    which the last one read its date.
    """

    keys: "tuple[Relation, ...]"
    until: datetime | None = None


Effect: TypeAlias = SaveAudience | UpdateEntity | WriteFile | Alert | Signal


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


def starting_dimension(context: ActivityContext, named: str | None) -> Dimension:
    """Return the dimension of an activity that starts a population: its own, or the campaign's.

    Raises `DefinitionError` when there is neither that one nor a default one.
    """
    if named is None and context.dimension is not None:
        return context.dimension
    return require_dimension(context.catalog, named)


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


OptionsT = TypeVar("OptionsT", bound=Options)


def with_parameters(options: OptionsT, values: Mapping[str, Any]) -> OptionsT:
    """Return `options` with every `param.name` replaced by its value in this execution.

    Raises `Refused` naming a parameter that was not given, or an option that cannot take its value.
    """
    known = type(options).model_fields
    written = {name: getattr(options, name) for name in options.model_fields_set}
    replaced = {name: _replaced(value, values) for name, value in written.items()}
    if all(replaced[name] is written[name] for name in written):
        return options
    try:
        return type(options).model_validate({known[n].alias or n: v for n, v in replaced.items()})
    except ValidationError as error:
        found = error.errors()[0]
        option = ".".join(str(step) for step in found["loc"]) or "the options"
        raise Refused(f"`{option}` cannot take the parameter's value: {found['msg']}") from error


def _replaced(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, ParameterRef):
        return _given(value, values)
    if isinstance(value, Size) and isinstance(value.amount, ParameterRef):
        return Size(int(_given(value.amount, values)), value.unit)
    if isinstance(value, Options):
        return with_parameters(value, values)
    if isinstance(value, dict):
        parts = {key: _replaced(part, values) for key, part in value.items()}
        return value if all(parts[key] is value[key] for key in parts) else parts
    return value


def _given(reference: ParameterRef, values: Mapping[str, Any]) -> Any:
    if reference.name not in values:
        raise Refused(f"the parameter `{reference.name}` has no value.", remedy="Give it one.")
    return values[reference.name]
