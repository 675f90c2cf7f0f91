"""What a rule may speak about: entities and their links, columns of the rows, parameters, time.

The catalog and the run fill a `Scope`; the compiler reads it and imports nothing above it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlglot import exp

from campanile.relations.types import Schema, Type

_UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class Link:
    """A way from one entity to another; `on` pairs a column of this side with one of the other.

    A link `of_rows` starts at columns that the rows themselves carry, not at attributes.
    """

    name: str
    target: str
    on: tuple[tuple[str, str], ...]
    many: bool
    of_rows: bool = False


@dataclass(frozen=True)
class EntityTable:
    """A table of the customer's data as a session binds it; `enums` are the values of a column.

    With `query` its rows are those of the query; `table` is then only a name.
    """

    name: str
    table: str
    schema: Schema
    key: tuple[str, ...]
    links: Mapping[str, Link] = field(default_factory=dict)
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    query: exp.Select | None = None

    def rows(self) -> exp.Expr:
        """What a FROM or JOIN reads, without an alias."""
        if self.query is not None:
            return self.query.copy().subquery()
        return exp.Table(this=exp.to_identifier(self.table, quoted=True))


@dataclass(frozen=True)
class MessageSource:
    """The messages a reference names; `execution` is None for all executions of that campaign.

    `per` says what one message was sent for: a row of the working table, or a person.
    """

    campaign: str
    activity: str
    execution: str | None = None
    per: Literal["row", "recipient"] = "recipient"


@dataclass(frozen=True)
class SavedAudience:
    """A saved audience, or a transition, as a session binds it.

    `key` are its columns that say who is in it; they bear the names of attributes of the entity.
    """

    table: str
    entity: str
    key: tuple[str, ...]


@dataclass(frozen=True)
class FilterParameter:
    """A parameter of a named filter; without a default it must be given, as one of `values`."""

    type: Type
    default: object = None
    required: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class NamedFilter:
    """A rule under a name; `rule` is text or the tree form."""

    rule: object
    entity: str | None = None
    parameters: Mapping[str, FilterParameter] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """All that one rule can reach.

    `entity` is the entity that a row stands for (None: rows of a file that stand for nothing yet),
    `columns` the columns of the rows themselves, `row_key` those that hold the entity's key, in the
    order of `entity.key`. `direct` says that the rows are the entity's own, so its attributes are
    columns. `recipient` is the path of one-links to the person. All instants are aware UTC.
    """

    entity: EntityTable | None = None
    entities: Mapping[str, EntityTable] = field(default_factory=dict)
    columns: Schema = field(default_factory=dict)
    row_key: tuple[str, ...] = ()
    parameters: Mapping[str, tuple[Type, object]] = field(default_factory=dict)
    now: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    started_at: datetime | None = None
    previous_start: datetime | None = None
    timezone: ZoneInfo = _UTC_ZONE
    messages: Callable[[str], MessageSource] | None = None
    audiences: Mapping[str, SavedAudience] = field(default_factory=dict)
    filters: Mapping[str, NamedFilter] = field(default_factory=dict)
    recipient: tuple[str, ...] = ()
    direct: bool = False
    column_enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ages: Mapping[str, datetime] = field(default_factory=dict)  # entity: when its data was loaded
    past_counts: tuple[int, ...] = ()  # of the same transition, newest first
    transitions: Mapping[str, SavedAudience] = field(default_factory=dict)  # those before this one

    def over(self, columns: Schema, source: str | None) -> "Scope":
        """This scope for rows with `columns`; `source` is the bound table they are rows of."""
        direct = self.entity is not None and source == self.entity.table
        key = self.entity.key if direct and self.entity else self.row_key
        return replace(self, columns=columns, direct=direct, row_key=key)
