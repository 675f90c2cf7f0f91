"""Whether two sides left the same rows, looked at by DuckDB."""

from collections.abc import Mapping

import duckdb


def differing(ours: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    """The transitions whose tables do not hold the same rows, in the columns that both have."""
    if missing := sorted(set(theirs) - set(ours)):
        return missing
    with duckdb.connect(":memory:") as connection:
        return [name for name, path in theirs.items() if not _same(connection, ours[name], path)]


def _same(connection: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> bool:
    columns = [
        [row[0] for row in connection.execute(f"DESCRIBE FROM '{path}'").fetchall()]
        for path in (ours, theirs)
    ]
    both = ", ".join(f'"{name}"' for name in columns[0] if name in columns[1])
    one, other = (f"SELECT {both} FROM '{path}'" for path in (ours, theirs))
    count = connection.execute(
        f"SELECT (SELECT count(*) FROM ({one} EXCEPT ALL {other})), "
        f"(SELECT count(*) FROM ({other} EXCEPT ALL {one}))"
    ).fetchone()
    return count == (0, 0)
