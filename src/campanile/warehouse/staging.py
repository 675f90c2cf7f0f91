"""Staging: rows of text from a file, typed and checked; faulty ones are set aside with a reason."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb

from campanile.catalog.entities import Entity
from campanile.warehouse.failures import engine_errors
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.readers import literal, quoted
from campanile.warehouse.session import DuckDBSession
from campanile.warehouse.text_values import reason_of, text_of, value_of
from campanile.warehouse.texts.lines import Block, PlainLines, Record, Rejected

LINE = "__line"
TEXT = "__text"
_NOT_BLANK = r"[^\s\p{Z}]"


class Staging:
    """One load in progress; nothing of it is visible to anybody until its result is committed."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, session: DuckDBSession) -> None:
        self._connection = connection
        self.session = session
        self._header: tuple[str, ...] = ()

    def open(self, header: Sequence[str]) -> None:
        """Make room for rows with the columns of `header`, and for those that are none."""
        self._header = tuple(header)
        columns = ", ".join(f"{quoted(name)} VARCHAR" for name in (*header, TEXT))
        self.run(f"CREATE TEMP TABLE staged ({LINE} BIGINT, {columns})")
        self.run("CREATE TEMP TABLE rejected (line BIGINT, reason VARCHAR, text VARCHAR)")

    def clear(self) -> None:
        """Forget the rows staged so far; the columns stay."""
        self.run("TRUNCATE staged")
        self.run("TRUNCATE rejected")

    def close(self) -> None:
        """Give up the columns, so that a file with others can be staged."""
        self.run("DROP TABLE staged")
        self.run("DROP TABLE rejected")

    def take_block(self, block: Block, delimiter: str) -> int:
        """Stage a block of a file; what is no row at all is set aside. Returns how many were."""
        if isinstance(block, PlainLines):
            return self.take_lines(block.first, block.lines, delimiter)
        self.reject([(r.line, r.reason, r.text) for r in block if isinstance(r, Rejected)])
        return self.take((r.line, r.fields, r.text) for r in block if isinstance(r, Record))

    def take_lines(self, first: int, lines: Sequence[str], delimiter: str) -> int:
        """Stage lines without quotes, the first of number `first`; returns how many were rows.

        Blank ones are none; those with too few or too many fields are set aside.
        """
        numbers = range(first, first + len(lines))
        with self._arriving({"line": numbers, "text": lines}):
            self.run(
                f"CREATE OR REPLACE TEMP TABLE split AS SELECT line, text, "
                f"string_split(text, {literal(delimiter)}) AS fields FROM arriving "
                f"WHERE regexp_matches(text, '{_NOT_BLANK}')"
            )
        width = len(self._header)
        fields = "".join(f", fields[{number}]" for number in range(1, width + 1))
        self.run(
            f"INSERT INTO staged SELECT line{fields}, text FROM split WHERE len(fields) = {width}"
        )
        self.run(
            "INSERT INTO rejected SELECT line, len(fields) || ' fields where the header has "
            f"{width}', text FROM split WHERE len(fields) <> {width}"
        )
        return self.count(f"split WHERE len(fields) = {width}")

    def take(self, rows: Iterable[tuple[int, list[str], str]]) -> int:
        """Stage rows given as line number, fields and text; returns how many."""
        taken = list(rows)
        if taken:
            values = zip(*((line, *fields, text) for line, fields, text in taken), strict=True)
            names = [str(place) for place in range(len(self._header) + 2)]
            with self._arriving(dict(zip(names, values, strict=True))):
                self.run("INSERT INTO staged SELECT * FROM arriving")
        return len(taken)

    @contextmanager
    def _arriving(self, columns: Mapping[str, Sequence[object]]) -> Iterator[None]:
        import pyarrow.lib as pa  # brings numpy along: half a second that only a load needs

        arrays = [pa.array(values) for values in columns.values()]
        self._connection.register("arriving", pa.Table.from_arrays(arrays, names=list(columns)))
        yield
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
            f"CREATE TEMP TABLE judged AS SELECT {LINE}, {TEXT}, {', '.join(values)}, "
            f"nullif(concat_ws('; ', {', '.join(reasons)}), '') AS __reason FROM staged"
        )
        self.run(
            f"INSERT INTO rejected SELECT {LINE}, __reason, {TEXT} FROM judged "
            "WHERE __reason IS NOT NULL"
        )
        order = f"{LINE} DESC"
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
