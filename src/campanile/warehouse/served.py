"""Sessions on an engine that keeps tables itself: how sources get in, and under which names."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sqlglot import exp

from campanile.relations.relation import Relation
from campanile.relations.rules import compile_value
from campanile.relations.scope import Scope
from campanile.relations.sql import ROW, cast, column
from campanile.relations.types import Schema, Type
from campanile.warehouse.bindings import BindingSession, require_in_source
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.sources import EmptyTable, EngineTable, MemoryRows, ParquetFiles, Source

if TYPE_CHECKING:
    import pyarrow.lib as pa

_UPLOADED = 100_000  # rows at a time
_WRITTEN_OUT = 100  # rows by hand that stand in the query itself


@dataclass(frozen=True)
class FoundColumn:
    """A column as the engine has it: our type for it, and whether it is of it exactly."""

    type: Type
    exact: bool = True
    zoned: bool = False  # an instant with a zone, which we keep in UTC without


Part = tuple[str, Mapping[str, FoundColumn]]  # what stands after FROM, and its columns


class ServedSession(BindingSession):
    """What sessions on PostgreSQL and Spark have in common.

    A bound name is a view of the session: over the company's tables in place; over tables that the
    product wrote; over copies of the lake's files, made once and kept; over rows that are brought
    along for this session only, which are all other sources.
    """

    dialect: ClassVar[str]

    def __init__(self, lake: DuckDBLake) -> None:
        super().__init__()
        self._lake = lake

    def _make_readable(
        self, name: str, source: Source, schema: Schema | None, *, lenient: bool, fill: bool
    ) -> Schema:
        wanted, query = self._query(name, source, schema, lenient=lenient, fill=fill)
        self._view(name, query)
        return wanted

    def count(self, relation: Relation) -> int:
        """The number of rows."""
        query = f"SELECT COUNT(*) FROM ({self._sql(relation)}) AS counted"
        return int(str(self._fetch(query)[0][0]))

    def scalar(self, relation: Relation) -> object:
        """The only column of the only row."""
        found = self._fetch(self._sql(relation))
        return found[0][0] if found else None

    def rows(self, relation: Relation, limit: int | None = None) -> list[tuple[object, ...]]:
        """The rows, for small results; instants are naive UTC as stored."""
        bounded = "" if limit is None else f" LIMIT {int(limit)}"
        return self._fetch(f"SELECT * FROM ({self._sql(relation)}) AS asked{bounded}")

    # ── what an engine does its own way ─────────────────────────────────────────────────────────

    @abstractmethod
    def _fetch(self, query: str) -> list[tuple[object, ...]]:
        """All rows of a small result."""

    @abstractmethod
    def _view(self, name: str, query: str) -> None:
        """Make or replace a view of this session."""

    @abstractmethod
    def _found(self, item: str) -> Mapping[str, FoundColumn]:
        """The columns of what stands after FROM."""

    @abstractmethod
    def _in_place(self, table: str) -> str:
        """What stands after FROM for a table of the company."""

    @abstractmethod
    def _written(self, path: str) -> str | None:
        """The same for a table that this engine wrote; None where `path` is none."""

    @abstractmethod
    def _copied(self, path: str) -> str:
        """The same for a file of the lake, which is copied into the engine the first time."""

    @abstractmethod
    def _brought(self, name: str, schema: Schema, batches: Iterator["pa.RecordBatch"]) -> str:
        """The same for rows that are there for this session only."""

    # ── inside ──────────────────────────────────────────────────────────────────────────────────

    def _sql(self, relation: Relation) -> str:
        return relation.sql(self.dialect)

    def _typed(self, relation: Relation) -> str:
        """The query with every column of its exact type."""
        items = [_item(cast(column(n, ROW), type_), n) for n, type_ in relation.schema.items()]
        selected = ", ".join(item.sql(self.dialect) for item in items)
        row = exp.to_identifier(ROW, quoted=True).sql(self.dialect)
        return f"SELECT {selected} FROM ({self._sql(relation)}) AS {row}"

    def _query(
        self, name: str, source: Source, schema: Schema | None, *, lenient: bool, fill: bool
    ) -> tuple[Schema, str]:
        """The columns that are read of a source, and the SQL that reads them."""
        if isinstance(source, EmptyTable):
            return schema or source.schema, self._nothing(schema or source.schema)
        if isinstance(source, MemoryRows) and _is_written_out(source, schema):
            return source.schema, self._by_hand(source)
        parts = [part for part in self._parts(name, source) if part[1]]
        if not parts and schema is not None:  # Sail writes no file where there are no rows
            return schema, self._nothing(schema)
        wanted = schema or _all_columns(parts)
        if not fill:
            require_in_source(name, wanted, _all_columns(parts))
        return wanted, " UNION ALL ".join(self._select(part, wanted, lenient) for part in parts)

    def _parts(self, name: str, source: Source) -> list[Part]:
        items = list(self._items(name, source))
        return [(item, self._found(item)) for item in items]

    def _items(self, name: str, source: Source) -> Iterator[str]:
        if isinstance(source, EngineTable):
            yield self._in_place(source.table)
        elif isinstance(source, ParquetFiles) and source.pinned:
            for path in source.paths:
                yield self._written(path) or self._copied(path)
        else:
            with self._read_by_lake(source) as (schema, batches):
                yield self._brought(name, schema, batches)

    @contextmanager
    def _read_by_lake(self, source: Source) -> Iterator[tuple[Schema, Iterator["pa.RecordBatch"]]]:
        """Rows of a source outside the engine, brought to our types."""
        with self._lake.session() as session:
            schema = session.bind("outside", source).schema
            yield schema, session.batches(session.relation("outside"), _UPLOADED)

    def _nothing(self, schema: Schema) -> str:
        items = [_item(cast(exp.null(), type_), name) for name, type_ in schema.items()]
        return exp.Select(expressions=items).where(exp.false()).sql(self.dialect)

    def _by_hand(self, source: MemoryRows) -> str:
        """Few rows as a query: nothing has to be brought."""
        return " UNION ALL ".join(
            exp.Select(
                expressions=[
                    _item(cast(_text(value), type_), name)
                    for (name, type_), value in zip(source.schema.items(), row, strict=True)
                ]
            ).sql(self.dialect)
            for row in source.rows
        )

    def _select(self, part: Part, wanted: Schema, lenient: bool) -> str:
        item, found = part
        selected = [
            _item(_value(name, found.get(name), type_, lenient), name).sql(self.dialect)
            for name, type_ in wanted.items()
        ]
        row = exp.to_identifier(ROW, quoted=True).sql(self.dialect)
        return f"SELECT {', '.join(selected)} FROM {item} AS {row}"


def _value(name: str, found: FoundColumn | None, wanted: Type, lenient: bool) -> exp.Expr:
    if found is None:
        return cast(exp.null(), wanted)
    plain = column(name, ROW)
    if found.zoned and wanted is Type.TIMESTAMP:
        return exp.AtTimeZone(this=plain, zone=exp.Literal.string("UTC"))
    if found.exact and found.type is wanted:
        return plain
    if lenient and found.type is Type.TEXT and wanted not in (Type.TEXT, Type.LINES):
        quoted = exp.to_identifier(name, quoted=True).sql()
        return compile_value(f"to_{wanted}({quoted})", Scope(columns={name: Type.TEXT})).tree
    return cast(plain, wanted)


def _is_written_out(source: MemoryRows, schema: Schema | None) -> bool:
    asked = schema is None or list(schema.items()) == list(source.schema.items())
    return asked and 0 < len(source.rows) <= _WRITTEN_OUT


def _text(value: object) -> exp.Expr:
    return exp.null() if value is None else exp.Literal.string(str(value))


def _item(tree: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(tree, name, quoted=True)


def _all_columns(parts: Sequence[Part]) -> dict[str, Type]:
    return {name: each.type for _, found in reversed(parts) for name, each in found.items()}
