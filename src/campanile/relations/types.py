"""The column types of Campanile, the same for files, rules, working tables and engines."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias


class Type(StrEnum):
    """A column type; `ENUM` columns have type TEXT here, their values are the catalog's concern."""

    TEXT = "text"
    INTEGER = "integer"  # 64 bits, signed
    NUMBER = "number"  # double precision
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"  # an instant, kept in UTC without zone (TIMESTAMP in DuckDB)
    LINES = "lines"  # collected linked rows as JSON text: a list of objects


Schema: TypeAlias = Mapping[str, Type]  # column name to type, in column order
