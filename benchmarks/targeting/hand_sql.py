"""The same steps as a good engineer writes them by hand for DuckDB: one script, one connection."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb

# Chance as the product draws it, so that the same people are found: md5 of salt and key.
_CHANCE = "left(md5('season/cells' || chr(31) || customer_id), 8)"
STEPS: tuple[tuple[str, str], ...] = (
    (
        "buyers",
        """
        SELECT customer_id FROM customer
        JOIN (
          SELECT customer_id FROM "order"
          WHERE status = 'paid' AND placed_at >= TIMESTAMP '2025-11-22'
          GROUP BY customer_id HAVING sum(amount) > 100
        ) USING (customer_id)
        WHERE email <> ''
        """,
    ),
    (
        "loyal",
        """
        SELECT customer_id FROM customer
        SEMI JOIN (
          SELECT customer_id FROM "order"
          WHERE status = 'paid' AND placed_at >= TIMESTAMP '2026-08-24'
        ) USING (customer_id)
        WHERE tier = 'gold'
        """,
    ),
    (
        "troubled",
        """
        SELECT customer_id FROM customer
        WHERE email_ok IS NOT TRUE OR customer_id IN (
          SELECT customer_id FROM "order" WHERE status = 'returned'
          GROUP BY customer_id HAVING count(*) >= 2
        )
        """,
    ),
    (
        "reachable",
        """
        SELECT customer_id FROM buyers JOIN customer USING (customer_id)
        WHERE country IN ('FR', 'DE', 'NL', 'BE') AND (
          last_seen >= TIMESTAMP '2025-10-18' OR customer_id IN (
            SELECT customer_id FROM "order" WHERE placed_at >= TIMESTAMP '2026-10-23'
          )
        )
        """,
    ),
    (
        "either",
        """
        SELECT customer_id FROM reachable
        UNION ALL
        SELECT customer_id FROM loyal ANTI JOIN reachable USING (customer_id)
        """,
    ),
    ("clean", "SELECT customer_id FROM either ANTI JOIN troubled USING (customer_id)"),
    (
        "+ranked",
        """
        SELECT customer_id, email IS NULL OR email = '' OR row_number() OVER (
          PARTITION BY lower(email) ORDER BY last_seen DESC NULLS LAST, customer_id
        ) = 1 AS first
        FROM clean JOIN customer USING (customer_id)
        """,
    ),
    ("one_each", "SELECT customer_id FROM ranked WHERE first"),
    ("one_each.twins", "SELECT customer_id FROM ranked WHERE NOT first"),
    (
        "known",
        """
        SELECT
          customer_id, coalesce(first_name, 'friend') AS greeting, city,
          coalesce(orders_made, 0) AS orders_made, coalesce(spent, 0) AS spent, last_order
        FROM one_each
        JOIN customer USING (customer_id)
        LEFT JOIN store USING (store_id)
        LEFT JOIN (
          SELECT customer_id, count(*) AS orders_made, sum(amount) AS spent,
            max(placed_at) AS last_order
          FROM "order" GROUP BY customer_id
        ) USING (customer_id)
        """,
    ),
    (
        "+divided",
        f"""
        SELECT * EXCLUDE (drawn, rich), CASE
          WHEN drawn THEN 'control'
          WHEN rich AND row_number() OVER (PARTITION BY rich ORDER BY spent DESC, customer_id)
            <= round(count(*) OVER (PARTITION BY rich) * 0.3) THEN 'vip'
          ELSE 'others' END AS cell
        FROM (
          SELECT *, {_CHANCE} < '1999999a' AS drawn,
            {_CHANCE} >= '1999999a' AND spent >= 500 AS rich
          FROM known
        )
        """,
    ),
    ("cells.control", "SELECT * EXCLUDE cell FROM divided WHERE cell = 'control'"),
    ("cells.vip", "SELECT * EXCLUDE cell FROM divided WHERE cell = 'vip'"),
    ("cells.others", "SELECT * EXCLUDE cell FROM divided WHERE cell = 'others'"),
    (
        "engaged",
        """
        SELECT had.* FROM "cells.others" AS had JOIN customer USING (customer_id)
        SEMI JOIN "order" AS made
          ON made.customer_id = had.customer_id AND (made.store_id = customer.store_id) IS NOT TRUE
        WHERE last_order >= TIMESTAMP '2026-05-26'
        """,
    ),
    (
        "chosen",
        """
        SELECT * FROM "cells.vip"
        UNION ALL
        SELECT * FROM engaged ANTI JOIN "cells.vip" USING (customer_id)
        """,
    ),
    ("keep", "SELECT * FROM chosen"),
    ("audience season", "SELECT * FROM chosen"),
)


def work(given: Mapping[str, Any]) -> Callable[[], dict[str, str]]:
    """Run `steps` (the campaign's) over `data`, each output a Parquet file in `folder`."""
    folder = Path(given["folder"])
    folder.mkdir(parents=True)
    connection = duckdb.connect(":memory:")
    for name, value in given["settings"].items():
        connection.execute(f"SET {name} = ?", [value])

    def run() -> dict[str, str]:
        for file in Path(given["data"]).glob("*.parquet"):
            _view(connection, file.stem, file)
        return {
            name: str(_write(connection, folder, name, query))
            for name, query in given.get("steps") or STEPS
            if not (name.startswith("+") and _hold(connection, name[1:], query))
        }

    return run


def _write(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, query: str) -> Path:
    """An output: a file, and a view of it for the steps that follow."""
    file = folder / f"{name}.parquet"
    connection.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    _view(connection, name, file)
    return file


def _hold(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> bool:
    """A table in the engine, for outputs that must agree."""
    connection.execute(f"CREATE TEMP TABLE {name} AS {query}")
    return True


def _view(connection: duckdb.DuckDBPyConnection, name: str, file: Path) -> None:
    connection.execute(f"CREATE TEMP VIEW \"{name}\" AS SELECT * FROM read_parquet('{file}')")
