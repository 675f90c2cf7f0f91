"""From text to typed values: what each column type accepts, and why a value is refused.

The expressions are DuckDB SQL over a staging table whose columns are all text.
"""

from collections.abc import Callable

from sqlglot import exp

from campanile.catalog.entities import Column
from campanile.relations.types import Type

_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")
_INTEGER = r"^[+-]?\d{1,18}$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_ZONED = r"(Z|[+-]\d{2}:?\d{2})$"


def quoted(name: str) -> str:
    """`name` as an identifier of the engine."""
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")


def literal(text: str) -> str:
    """`text` as a string literal of the engine."""
    return exp.Literal.string(text).sql(dialect="duckdb")


def text_of(header: str) -> str:
    """The trimmed text of a staging column, NULL where nothing is written."""
    return f"nullif(trim({quoted(header)}), '')"


def value_of(column: Column, header: str, zone: str) -> str:
    """The typed value of `column`, NULL where the text is empty or not of the type.

    Timestamps without an offset are local times of `zone`; all are kept in UTC.
    """
    return typed_text(column.type, text_of(header), zone)


def typed_text(type_: Type, text: str, zone: str) -> str:
    """The value of the SQL expression `text`, NULL where it is not of the type."""
    return _VALUES[type_](text, zone)


def reason_of(column: Column, header: str, zone: str) -> str:
    """The reason why the text is refused, NULL where it is fine."""
    text = text_of(header)
    if column.values:
        listed = ", ".join(literal(value) for value in column.values)
        allowed = literal(f"{column.name} is none of {', '.join(column.values)}")
        return f"CASE WHEN {text} NOT IN ({listed}) THEN {allowed} END"
    if column.type is Type.TEXT:
        return "CAST(NULL AS VARCHAR)"
    value = value_of(column, header, zone)
    wrong = literal(f"{column.name} is not {EXPECTED[column.type]}")
    return f"CASE WHEN {text} IS NOT NULL AND {value} IS NULL THEN {wrong} END"


def _integer(text: str, _zone: str) -> str:
    return f"CASE WHEN regexp_matches({text}, '{_INTEGER}') THEN TRY_CAST({text} AS BIGINT) END"


def _number(text: str, _zone: str) -> str:
    value = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN isfinite({value}) THEN {value} END"


def _boolean(text: str, _zone: str) -> str:
    true, false = (", ".join(literal(word) for word in words) for words in (_TRUE, _FALSE))
    return (
        f"CASE WHEN lower({text}) IN ({true}) THEN TRUE"
        f" WHEN lower({text}) IN ({false}) THEN FALSE END"
    )


def _date(text: str, _zone: str) -> str:
    return f"CASE WHEN regexp_matches({text}, '{_DATE}') THEN TRY_CAST({text} AS DATE) END"


def _timestamp(text: str, zone: str) -> str:
    zoned = f"TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    local = utc_of_local(f"TRY_CAST({text} AS TIMESTAMP)", zone)
    return f"CASE WHEN regexp_matches({text}, '{_ZONED}') THEN {zoned} ELSE {local} END"


def utc_of_local(value: str, zone: str) -> str:
    """The UTC time of a local time of `zone`."""
    return f"timezone({literal(zone)}, {value}) AT TIME ZONE 'UTC'"


def _text(text: str, _zone: str) -> str:
    return text


_VALUES: dict[Type, Callable[[str, str], str]] = {
    Type.TEXT: _text,
    Type.INTEGER: _integer,
    Type.NUMBER: _number,
    Type.BOOLEAN: _boolean,
    Type.DATE: _date,
    Type.TIMESTAMP: _timestamp,
    Type.LINES: _text,
}

EXPECTED = {
    Type.INTEGER: "a whole number",
    Type.NUMBER: "a number (a point before the decimals, no thousands separator)",
    Type.BOOLEAN: "true or false (also yes/no, y/n, t/f, 1/0)",
    Type.DATE: "a date such as 2026-12-24",
    Type.TIMESTAMP: "a time such as 2026-12-24 09:00 or 2026-12-24T09:00:00Z",
    Type.LINES: "text",
}
