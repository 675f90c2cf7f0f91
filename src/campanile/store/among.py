"""`column IN (…)` with all values in one parameter, so that a statement is compiled only once.

A thousand parameters cost more to compile and to bind than the rows cost to find.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    String,
    any_,
    bindparam,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

_HASH_BYTES = 16


def among_numbers(
    connection: Connection, column: ColumnElement[int], numbers: Sequence[int]
) -> ColumnElement[bool]:
    """Whether an integer column holds one of `numbers`."""
    if connection.dialect.name == "postgresql":
        return column == any_(_array(list(numbers), Integer()))
    each = func.json_each(bindparam(None, json.dumps(list(numbers)), String()))
    return column.in_(select(each.table_valued("value").c.value))


def among_hashes(
    connection: Connection, column: ColumnElement[Any], hashes: Sequence[bytes]
) -> ColumnElement[bool]:
    """Whether a column holds one of `hashes`, each of 16 bytes."""
    if connection.dialect.name == "postgresql":
        return column == any_(_array(list(hashes), LargeBinary()))
    joined = bindparam(None, b"".join(hashes), LargeBinary())
    place = select(literal(1).label("at")).cte("place", recursive=True)
    following = select(place.c.at + _HASH_BYTES).where(
        place.c.at + _HASH_BYTES <= func.length(joined)
    )
    place = place.union_all(following)
    return column.in_(select(func.substr(joined, place.c.at, _HASH_BYTES, type_=LargeBinary())))


def _array(values: list[Any], item: Any) -> Any:
    return bindparam(None, values, ARRAY(item))
