"""What an activity is given when it runs: rows that come in, and all that its rules may reach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from campanile.catalog.entities import Catalog, Dimension
from campanile.catalog.scopes import require_dimension

if TYPE_CHECKING:
    from campanile.relations.relation import Relation
    from campanile.relations.scope import Scope


# The key of rows that stand for nothing yet: their number, unique in the table. No author can
# give a column this name, and it is no column of a file that such rows are written to.
ROW_NUMBER: Final = "row_number__"


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
class AudienceRows:
    """A saved audience that may be read: its rows, known by their key, and their dimension."""

    rows: "Relation"
    dimension: str


@dataclass(frozen=True)
class Remembered:
    """Whom earlier executions of a query took in.

    `keys` hold the text form of their keys as the column `person`; `until` is the instant up to
    which the last one read its date.
    """

    keys: "tuple[Relation, ...]"
    until: datetime | None = None


@dataclass(frozen=True)
class ActivityContext:
    """All that an activity may know; it is given, never looked up, so running is pure.

    `linked` are the transitions that options deeper down read; `gives` is the dimension of the main
    output; `current` has the rows of this moment of an entity that the activity writes to.
    `scope(relation, dimension)` is what a rule over `relation` can reach (None: the entity itself);
    `entity(dimension)` the rows of the dimension's entity; `salt` the text that chance is hashed
    with; `incoming` the rows that started the execution; `remembered` who was taken in before;
    `opened` the outcome that its gate opened with, where it is one.
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
    linked: Mapping[str, Input] = field(default_factory=dict)
    gives: Dimension | None = None
    current: "Mapping[str, CurrentRows]" = field(default_factory=dict)
    remembered: "Remembered | None" = None
    opened: str | None = None


def starting_dimension(context: ActivityContext, named: str | None) -> Dimension:
    """Return the dimension of an activity that starts a population: its own, or the campaign's.

    Raises `DefinitionError` when there is neither that one nor a default one.
    """
    if named is None and context.dimension is not None:
        return context.dimension
    return require_dimension(context.catalog, named)
