"""A campaign: activities and the transitions between them, a schedule and parameters."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from campanile.activities import AnyActivityConfig
from campanile.activities.base import OnError
from campanile.activities.local_times import LocalMoment
from campanile.activities.options import Options
from campanile.activities.times import Duration, parse_date, parse_moment
from campanile.activities.values import FormerNames, NotBuilt, fault
from campanile.campaigns.schedule import AsapSchedule, Schedule
from campanile.catalog.names import Name
from campanile.errors import Refused
from campanile.relations.types import Type

PLAIN_TYPES = ("text", "integer", "number", "boolean", "date", "timestamp", "enum")


class Parameter(Options):
    """A value that every execution has one of; without a default it must be given."""

    type: str = Field(
        description="`text`, `integer`, `number`, `boolean`, `date`, `timestamp`,"
        " `enum`, or the name of an entity: then it is a key of it."
    )
    default: str | None = Field(default=None, description="The value where none is given.")
    label: str = Field(default="", description="A title for people.")
    values: tuple[str, ...] = Field(default=(), description="The choices of an enum.")
    min: str | None = Field(default=None, description="The smallest value.")
    max: str | None = Field(default=None, description="The largest value.")
    max_length: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="At most so many characters."
    )
    test: str | None = Field(default=None, description="The value of test executions.")

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        if bool(self.values) != (self.type == "enum"):
            fault("parameter", "an enum lists its `values`, and no other type has any.")
        for option in ("min", "max", "default", "test"):
            text = getattr(self, option)
            if text is not None and self.type in PLAIN_TYPES:
                found = self.fault_in(text, bounded=option in ("default", "test"))
                if found:
                    fault("parameter", found, option)
        return self

    @property
    def column_type(self) -> Type:
        """The type it has in rules; a key of an entity is text until the catalog says otherwise."""
        return Type(self.type) if self.type in PLAIN_TYPES and self.type != "enum" else Type.TEXT

    def fault_in(self, text: str, *, bounded: bool = True) -> str:
        """Say what is wrong with `text` as a value; empty when nothing is."""
        try:
            value = read_parameter(self.type, text)
        except ValueError:
            return f"`{text}` is not a value of type {self.type}."
        if self.values and value not in self.values:
            return f"`{text}` is not one of: {', '.join(self.values)}."
        if self.max_length is not None and len(text) > self.max_length:
            return f"the text has {len(text)} characters; {self.max_length} are allowed."
        if bounded and self.min is not None and value < read_parameter(self.type, self.min):
            return f"`{text}` is less than {self.min}."
        if bounded and self.max is not None and value > read_parameter(self.type, self.max):
            return f"`{text}` is more than {self.max}."
        return ""


def read_parameter(type_: str, text: str) -> Any:
    """Read the text of a value; a timestamp is a `LocalMoment`. Raises `ValueError`."""
    text = str(text)
    if type_ == "integer":
        return int(text)
    if type_ == "number":
        return float(text)
    if type_ == "boolean":
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        return text.lower() == "true"
    if type_ in ("date", "timestamp"):
        found = parse_date(text) if type_ == "date" else parse_moment(text)
        if not isinstance(found, date | LocalMoment):
            raise ValueError(text)
        return found
    return text


class Keep(Options):
    """How long what an execution leaves behind is kept, counted from its end."""

    tables: Duration | None = Field(
        default=None,
        description="Working tables, not shorter than the longest wait; the project's"
        " `retention.tables` when left out. While an execution is open, nothing of it goes.",
    )


class Campaign(Options):
    """What a campaign file says."""

    format: Literal["1"] = Field(default="1", description="Version of the file format.")
    name: Name = Field(description="Its name, unique in the project.")
    label: str = Field(default="", description="A title for people.")
    description: str = Field(default="", description="What it is for.")
    tags: tuple[str, ...] = Field(default=(), description="Words to find it by.")
    owner: str = Field(default="", description="Who answers for it.")
    supervisors: tuple[str, ...] = Field(
        default=(),
        description="People or addresses that are mailed failures, held launches and alerts; the"
        " owner when left out.",
    )
    dimension: Name | None = Field(
        default=None,
        description="Targeting dimension of starting activities; the catalog's default one.",
    )
    parameters: dict[Name, Parameter] = Field(
        default={}, description="Values that an execution is given."
    )
    schedule: Schedule = Field(
        default=AsapSchedule(), description="When it starts; as soon as published when left out."
    )
    activities: dict[Name, AnyActivityConfig] = Field(
        min_length=1, description="Its activities, by name."
    )
    model: bool = Field(
        default=False,
        description="It launches nothing by itself: it is duplicated, or executed for an order.",
    )
    merge_policy: Name = Field(
        default="default", description="Which saved audiences it may read: those of its own policy."
    )
    goals: NotBuilt = None
    on_error: OnError = Field(
        default="pause",
        description="After the last attempt at an activity: `pause` the execution, `ignore` (that"
        " branch ends as not reached, others go on) or `stop`.",
    )
    max_errors: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="So many ignored errors in a row, over all executions since one without any,"
        " end the execution; 0: none do.",
    )
    keep: Keep = Field(default=Keep(), description="How long its working tables are kept.")
    renamed_from: FormerNames = Field(
        default=(), description="What it was called: its memory goes on."
    )

    def parameter_values(self, given: Mapping[str, str], *, test: bool = False) -> dict[str, Any]:
        """Return the value of every parameter for one execution.

        Raises `Refused` naming what is unknown, missing or not allowed.
        """
        unknown = sorted(set(given) - set(self.parameters))
        if unknown:
            known = ", ".join(self.parameters) or "none"
            raise Refused(
                f"'{self.name}' has no parameter '{unknown[0]}'.", remedy=f"There is: {known}."
            )
        return {
            name: self._value(name, parameter, given.get(name), test=test)
            for name, parameter in self.parameters.items()
        }

    def values_of(self, parameters: Mapping[str, Any], *, test: bool = False) -> dict[str, Any]:
        """Return the values of an execution's parameters; those undeclared have no type, so none.

        Raises `Refused` naming what is missing or not allowed.
        """
        known = {name: str(v) for name, v in parameters.items() if name in self.parameters}
        return self.parameter_values(known, test=test)

    def _value(self, name: str, parameter: Parameter, given: str | None, *, test: bool) -> Any:
        default = parameter.test if test and parameter.test is not None else parameter.default
        text = given if given is not None else default
        if text is None:
            raise Refused(f"the parameter '{name}' has no value.", remedy="Give it one.")
        if found := parameter.fault_in(text):
            raise Refused(f"the parameter '{name}': {found}")
        return read_parameter(parameter.type, text)
