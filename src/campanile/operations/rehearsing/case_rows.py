"""The rows that a test of a campaign writes: texts, which the engine reads by their columns."""

from collections.abc import Mapping, Sequence

from campanile.activities.context import ROW_NUMBER
from campanile.errors import Refused
from campanile.relations.relation import Relation
from campanile.relations.types import Schema, Type
from campanile.warehouse.sources import MemoryRows
from campanile.warehouse.warehouse import Session


def bind_texts(
    session: Session, name: str, schema: Schema, rows: Sequence[Mapping[str, str]]
) -> Schema:
    """Bind rows written as texts; the engine reads each as the type of its column."""
    unknown = sorted({column for row in rows for column in row} - set(schema))
    if unknown:
        raise Refused(
            f"there is no column '{unknown[0]}'.", remedy=f"There is: {', '.join(schema)}."
        )
    texts: Schema = dict.fromkeys(schema, Type.TEXT)
    source = MemoryRows(texts, [[row.get(column) for column in schema] for row in rows])
    bound = session.bind(name, source, schema).schema
    session.rows(Relation.table(name, bound))  # reads every value, so that a wrong one is found
    return bound


def with_keys(rows: Sequence[Mapping[str, str]], key: Sequence[str]) -> list[Mapping[str, str]]:
    """Rows of which some are written as their key alone."""
    first = next(iter(key), ROW_NUMBER)
    return [{first: row[""]} if set(row) == {""} else row for row in rows]
