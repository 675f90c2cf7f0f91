"""Sources as SQL that an in-memory DuckDB can read, with columns brought to our seven types."""

from collections.abc import Sequence

from campanile.relations.sql import SQL_TYPES
from campanile.relations.types import Schema, Type
from campanile.warehouse.sources import CsvFiles, EmptyTable, MemoryRows, ParquetFiles

_KINDS: dict[str, Type] = {
    **dict.fromkeys(
        (
            "TINYINT",
            "SMALLINT",
            "INTEGER",
            "BIGINT",
            "HUGEINT",
            "UTINYINT",
            "USMALLINT",
            "UINTEGER",
            "UBIGINT",
            "UHUGEINT",
        ),
        Type.INTEGER,
    ),
    **dict.fromkeys(("FLOAT", "DOUBLE", "DECIMAL"), Type.NUMBER),
    **dict.fromkeys(
        ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"),
        Type.TIMESTAMP,
    ),
    "BOOLEAN": Type.BOOLEAN,
    "DATE": Type.DATE,
}


def file_reader(source: ParquetFiles | CsvFiles | EmptyTable | MemoryRows) -> str:
    """The FROM item of a source that needs nothing attached."""
    if isinstance(source, ParquetFiles):
        several = len(source.paths) > 1 or any(sign in source.paths[0] for sign in "*?[")
        # A single file is read faster without it: a tenth of a whole query.
        by_name = ", union_by_name = true" if several else ""
        return f"read_parquet({_paths(source.paths)}{by_name})"
    if isinstance(source, CsvFiles):
        return _csv_reader(source)
    return _values(source.schema, () if isinstance(source, EmptyTable) else source.rows)


def quoted(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def dotted(name: str) -> str:
    """A name with schema as SQL identifiers."""
    return ".".join(quoted(part) for part in name.split("."))


def _paths(paths: Sequence[str]) -> str:
    return "[" + ", ".join(literal(path) for path in paths) + "]"


def _csv_reader(source: CsvFiles) -> str:
    options = [f"delim = {literal(source.separator)}", "header = true", "union_by_name = true"]
    if source.schema:
        types = ", ".join(
            f"{literal(n)}: {literal(SQL_TYPES[t])}" for n, t in source.schema.items()
        )
        options.append(f"types = {{{types}}}")
    return f"read_csv({_paths(source.paths)}, {', '.join(options)})"


def _values(schema: Schema, rows: Sequence[Sequence[object]]) -> str:
    """Rows as a subquery; an empty table keeps its types."""

    def row(values: Sequence[object]) -> str:
        cells = [
            f"CAST({_cell(value)} AS {SQL_TYPES[type_]}) AS {quoted(name)}"
            for (name, type_), value in zip(schema.items(), values, strict=True)
        ]
        return f"SELECT {', '.join(cells)}"

    empty = f"{row([None] * len(schema))} WHERE false"
    return f"({' UNION ALL '.join([empty, *map(row, rows)])})"


def _cell(value: object) -> str:
    return "NULL" if value is None else literal(str(value))


def type_of(kind: str) -> Type:
    """Our type for one of DuckDB's; what is none of ours is read as text."""
    base = kind.split("(")[0]
    return _KINDS.get(base, Type.TEXT)


def absent(column: str, wanted: Type) -> str:
    """The SELECT item of a column that a source has not: empty, of type `wanted`."""
    return f"CAST(NULL AS {SQL_TYPES[wanted]}) AS {quoted(column)}"


def canonical(column: str, kind: str, wanted: Type, cast: str = "CAST") -> str:
    """The SELECT item that reads a column of DuckDB's type `kind` as `wanted`, by `cast`."""
    name = quoted(column)
    if wanted is Type.TIMESTAMP and kind == "TIMESTAMP WITH TIME ZONE":
        return f"{name} AT TIME ZONE 'UTC' AS {name}"
    if kind == {"TEXT": "VARCHAR"}.get(SQL_TYPES[wanted], SQL_TYPES[wanted]):
        return name
    return f"{cast}({name} AS {SQL_TYPES[wanted]}) AS {name}"
