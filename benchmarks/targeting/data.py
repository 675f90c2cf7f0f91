"""A made-up shop as Parquet files: customers with gaps and doubles, three orders each, stores."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

STORES = 250
ORDERS_EACH = 3
# What is drawn for row i is a hash of i and a number of its own: the same shop each time.
_CUSTOMER = f"""
SELECT
  i AS customer_id,
  CASE WHEN hash(i, 1) % 100 < 10 THEN NULL
       WHEN hash(i, 1) % 100 < 14 THEN 'Person' || (i // 2) || '@Shop.example'
       ELSE 'person' || i || '@shop.example' END AS email,
  CASE WHEN hash(i, 2) % 100 >= 25 THEN 'Name' || (hash(i, 3) % 5000) END AS first_name,
  CASE WHEN hash(i, 4) % 100 < 20 THEN NULL
       WHEN hash(i, 5) % 10 > 8 THEN 'gold'
       WHEN hash(i, 5) % 10 > 5 THEN 'silver' ELSE 'bronze' END AS tier,
  ['FR', 'DE', 'NL', 'BE', 'IT', 'ES'][1 + (hash(i, 6) % 6)::INT] AS country,
  CASE WHEN hash(i, 7) % 100 >= 8 THEN hash(i, 8) % 100 < 80 END AS email_ok,
  CASE WHEN hash(i, 9) % 2 = 0 THEN DATE '1940-01-01' + (hash(i, 10) % 24000)::INT END
    AS birth_date,
  CASE WHEN hash(i, 11) % 100 >= 30
       THEN TIMESTAMP '2026-11-22' - to_seconds((hash(i, 12) % 63072000)::BIGINT) END AS last_seen,
  CASE WHEN hash(i, 13) % 100 >= 15 THEN 's' || (hash(i, 14) % {STORES}) END AS store_id
FROM range(1, $customers + 1) AS _(i)
"""
_ORDER = f"""
SELECT
  i AS order_id,
  1 + (hash(i, 20) % $customers)::BIGINT AS customer_id,
  CASE WHEN hash(i, 21) % 100 >= 10 THEN 's' || (hash(i, 22) % {STORES}) END AS store_id,
  ['paid', 'paid', 'paid', 'paid', 'paid', 'paid', 'open', 'open', 'returned', 'returned']
    [1 + (hash(i, 23) % 10)::INT] AS status,
  CASE WHEN hash(i, 24) % 100 >= 2 THEN (hash(i, 25) % 1600) / 4.0 END::DOUBLE AS amount,
  TIMESTAMP '2026-11-22' - to_seconds((hash(i, 26) % 63072000)::BIGINT) AS placed_at
FROM range(1, {ORDERS_EACH} * $customers + 1) AS _(i)
"""
_STORE = f"SELECT 's' || i AS store_id, 'City ' || (i % 90) AS city FROM range({STORES}) AS _(i)"
TABLES: Mapping[str, str] = {"customer": _CUSTOMER, "order": _ORDER, "store": _STORE}


def make(folder: Path, customers: int) -> None:
    """Write the tables that are not there yet; amounts are quarters, so sums are exact."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, query in TABLES.items():
        final = folder / f"{name}.parquet"
        if not final.exists():
            _write(query.replace("$customers", str(customers)), final)


def _write(query: str, final: Path) -> None:
    temporary = final.with_suffix(".part")
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET threads = 2")
        connection.execute("SET memory_limit = '2GB'")
        connection.execute(f"SET temp_directory = '{final.parent / 'tmp'}'")
        connection.execute(f"COPY ({query}) TO '{temporary}' (FORMAT parquet, COMPRESSION zstd)")
    temporary.rename(final)


def make_given(given: Mapping[str, Any]) -> None:
    """Do the same in a process of its own."""
    make(Path(given["folder"]), given["customers"])
