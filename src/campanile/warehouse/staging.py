"""Staging: rows of text from a file, typed and checked; faulty ones are set aside with a reason."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb

from campanile.catalog.entities import Entity
from campanile.warehouse.failures import engine_errors
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.session import DuckDBSession, literal, quoted
from campanile.warehouse.text_values import reason_of, text_of, value_of

_LINE = "__line"
_TEXT = "__text"


class Staging:
    """One load in progress; nothing of it is visible to anybody until its result is committed."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, session: DuckDBSession) -> None:
        self._connection = connection
        self.session = session

    def take(
        self, header: Sequence[str], batches: Iterator[tuple[list[int], list[list[str]]]]
    ) -> None:
        """Stage rows: a batch is line numbers and the columns' values, the row's text as last."""
        import pyarrow.lib as pa  # brings numpy along: half a second that only a load needs

        names = [_LINE, *header, _TEXT]
        types = [pa.int64(), *([pa.string()] * (len(header) + 1))]
        schema = pa.schema(list(zip(names, types, strict=True)))
        self._connection.register("arriving", schema.empty_table())
        self.run("CREATE TEMP TABLE staged AS SELECT * FROM arriving")
        self.run("CREATE TEMP TABLE rejected (line BIGINT, reason VARCHAR, text VARCHAR)")
        for lines, columns in batches:
            arrays = [
                pa.array(values, kind)
                for values, kind in zip([lines, *columns], types, strict=True)
            ]
            self._connection.register("arriving", pa.Table.from_arrays(arrays, schema=schema))
            self.run("INSERT INTO staged SELECT * FROM arriving")
        self._connection.unregister("arriving")

    def reject(self, rows: Sequence[tuple[int, str, str]]) -> None:
        """Set rows (line, reason, text) aside that are no rows at all."""
        if rows:
            with engine_errors("loading rows"):
                self._connection.executemany("INSERT INTO rejected VALUES (?, ?, ?)", rows)

    def type_rows(self, entity: Entity, headers: Mapping[str, str], zone: str) -> None:
        """Type the staged columns (`headers`: column to header); set faulty rows aside.

        A row is faulty when a value is not of its column's type, or a part of the key or its
        version is empty. `zone` is the IANA zone of times without an offset. Of rows with one key
        the newest version stays, of equal ones the last line.
        """
        reasons = _reasons(entity, headers, zone)
        values = [
            f"{value_of(entity.columns[name], header, zone)} AS {quoted(name)}"
            for name, header in headers.items()
        ]
        self.run(
            f"CREATE TEMP TABLE judged AS SELECT {_LINE}, {_TEXT}, {', '.join(values)}, "
            f"nullif(concat_ws('; ', {', '.join(reasons)}), '') AS __reason FROM staged"
        )
        self.run(
            f"INSERT INTO rejected SELECT {_LINE}, __reason, {_TEXT} FROM judged "
            "WHERE __reason IS NOT NULL"
        )
        order = f"{_LINE} DESC"
        if entity.version is not None and entity.version in headers:
            order = f"{quoted(entity.version)} DESC NULLS LAST, {order}"
        self.run(
            "CREATE TEMP TABLE newest AS SELECT * FROM judged WHERE __reason IS NULL "
            f"QUALIFY row_number() OVER (PARTITION BY {_list(entity.key)} ORDER BY {order}) = 1"
        )

    def rejects(self) -> list[tuple[int, str, str]]:
        """All rows that were set aside as (line, reason, text), by line."""
        found = self.all("SELECT line, reason, text FROM rejected ORDER BY line")
        return [(int(str(line)), str(reason), str(text)) for line, reason, text in found]

    def superseded(self) -> int:
        """How many good rows a newer row of the same file replaced."""
        return self.count("judged WHERE __reason IS NULL") - self.count("newest")

    def run(self, statement: str) -> None:
        """Execute a statement of this load."""
        with engine_errors("loading rows"):
            self._connection.execute(statement)

    def all(self, query: str) -> list[tuple[object, ...]]:
        """All rows of a small result."""
        with engine_errors("loading rows"):
            return self._connection.execute(query).fetchall()

    def count(self, source: str) -> int:
        """The number of rows of a table, or of a table WHERE something."""
        return int(str(self.all(f"SELECT count(*) FROM {source}")[0][0]))


@contextmanager
def open_staging(lake: DuckDBLake) -> Iterator[Staging]:
    """A staging area in memory, gone at the end."""
    with engine_errors("opening the engine"):
        connection = duckdb.connect(":memory:")
    try:
        with lake.session(connection) as session:
            yield Staging(connection, session)
    finally:
        connection.close()


def _reasons(entity: Entity, headers: Mapping[str, str], zone: str) -> list[str]:
    needed = dict.fromkeys(entity.key)
    if entity.version is not None and entity.version in headers:
        needed[entity.version] = None
    empty = [
        f"CASE WHEN {text_of(headers[name])} IS NULL THEN {literal(f'{name} is empty')} END"
        for name in needed
    ]
    wrong = [reason_of(entity.columns[name], header, zone) for name, header in headers.items()]
    return [*empty, *wrong]


def _list(names: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names)
