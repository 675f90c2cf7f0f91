"""The tables of a session: names that sources are bound under, a pinned one only once."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

from campanile.errors import EngineError
from campanile.relations.relation import Relation
from campanile.relations.types import Schema
from campanile.warehouse.sources import Source
from campanile.warehouse.warehouse import BoundTable


class BindingSession(ABC):
    """What all sessions have in common: they know which tables are bound, and of what columns."""

    def __init__(self) -> None:
        self._bound: dict[str, BoundTable] = {}
        self._requests: dict[str, object] = {}  # what was asked for, of the bound that are pinned

    def bind(
        self,
        name: str,
        source: Source,
        schema: Schema | None = None,
        *,
        lenient: bool = False,
        fill: bool = False,
    ) -> BoundTable:
        """Make a source readable under `name`; binding a name again replaces it.

        Nothing is done for a pinned source that is bound under this name already.
        Columns are brought to our seven types: decimals to double, zoned instants to UTC. With
        `schema` only its columns are read, cast to its types; `lenient` makes what cannot be cast
        empty, `fill` the columns that the source has not.
        """
        request = (source, schema and list(schema.items()), lenient, fill)
        if name in self._requests and self._requests[name] == request:
            return self._bound[name]
        self._requests.pop(name, None)
        columns = self._make_readable(name, source, schema, lenient=lenient, fill=fill)
        self._bound[name] = BoundTable(name, dict(columns), source.pinned)
        if source.pinned:
            self._requests[name] = request
        return self._bound[name]

    def schema(self, name: str) -> Schema:
        """The columns of a bound table; raises EngineError for a name that is not bound."""
        return self.bound(name).schema

    def bound(self, name: str) -> BoundTable:
        """What is bound under a name."""
        if name not in self._bound:
            raise EngineError(
                f"No table '{name}' is bound.", remedy=f"There is: {', '.join(self._bound)}."
            )
        return self._bound[name]

    def relation(self, name: str, key: Sequence[str] = ()) -> Relation:
        """All rows of a bound table."""
        return Relation.table(name, self.schema(name), key)

    @abstractmethod
    def _make_readable(
        self, name: str, source: Source, schema: Schema | None, *, lenient: bool, fill: bool
    ) -> Schema:
        """Let the engine read a source under `name`; return the columns that it reads."""


def require_in_source(name: str, wanted: Schema, found: Collection[str]) -> None:
    """Refuse a source that lacks a wanted column."""
    missing = [column for column in wanted if column not in found]
    if missing:
        raise EngineError(
            f"The source of '{name}' has no column '{missing[0]}'.",
            remedy=f"It has: {', '.join(found)}.",
        )
