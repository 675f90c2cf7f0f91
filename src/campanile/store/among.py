"""`column IN (…)` with all values in one parameter, so that a statement is compiled only once.

A thousand parameters cost more to compile and to bind than the rows cost to find.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Integer,
    LargeBinary,
    Text,
    bindparam,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine


class NumberList(TypeDecorator[Sequence[int]]):
    """Numbers in one parameter: an array, or in SQLite a JSON text."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type of the database."""
        is_array = dialect.name == "postgresql"
        return dialect.type_descriptor(ARRAY(Integer()) if is_array else Text())

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> Any:
        """Pack the numbers."""
        numbers = list(value or ())
        return numbers if dialect.name == "postgresql" else json.dumps(numbers)


class HashList(TypeDecorator[Sequence[bytes]]):
    """Hashes of 16 bytes in one parameter: an array, or in SQLite one behind the other."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type of the database."""
        is_array = dialect.name == "postgresql"
        return dialect.type_descriptor(ARRAY(LargeBinary()) if is_array else LargeBinary())

    def process_bind_param(self, value: Sequence[bytes] | None, dialect: Dialect) -> Any:
        """Pack the hashes."""
        hashes = list(value or ())
        return hashes if dialect.name == "postgresql" else b"".join(hashes)


class _Among(FunctionElement[Any]):
    """A column, and the parameter with the values it is looked up in.

    It has no type: SQLite has no booleans, so a boolean would become `(…) = 1`, past every index.
    """

    type = NullType()
    inherit_cache = True


class _AmongNumbers(_Among):
    name = "among_numbers"
    inherit_cache = True


class _AmongHashes(_Among):
    name = "among_hashes"
    inherit_cache = True


def among_numbers(column: ColumnElement[int], name: str) -> ColumnElement[bool]:
    """Whether an integer column holds one of the numbers in the parameter `name`."""
    return _AmongNumbers(column, bindparam(name, type_=NumberList()))


def among_hashes(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether a column holds one of the 16-byte hashes in the parameter `name`."""
    return _AmongHashes(column, bindparam(name, type_=HashList()))


@compiles(_Among, "postgresql")
def _any(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY({values})"


@compiles(_AmongNumbers, "sqlite")
def _json(element: _AmongNumbers, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  parameters


@compiles(_AmongHashes, "sqlite")
def _cut(element: _AmongHashes, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    more = f"SELECT at + 16 FROM place WHERE at + 16 <= length({values})"  # noqa: S608  parameters
    places = f"WITH RECURSIVE place(at) AS (VALUES (1) UNION ALL {more})"
    found = f"SELECT substr({values}, at, 16) FROM place"  # noqa: S608  parameters
    return f"{column} IN ({places} {found})"
