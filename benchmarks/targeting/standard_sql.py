"""The same steps by hand for PostgreSQL and for Spark: one script that both read, one session."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Keep = Callable[[str, str], None]
# Chance as the product draws it, so that the same people are found: md5 of salt and key.
_CHANCE = "left(md5('season/cells' || chr(31) || customer_id), 8)"
# What begins with + is held for the session; the others are outputs, their dots written as __.
STEPS: tuple[tuple[str, str], ...] = (
    (
        "buyers",
        """
        SELECT customer_id FROM customers
        JOIN (
          SELECT customer_id FROM orders
          WHERE status = 'paid' AND placed_at >= TIMESTAMP '2025-11-22 00:00:00'
          GROUP BY customer_id HAVING sum(amount) > 100
        ) AS spenders USING (customer_id)
        WHERE email <> ''
        """,
    ),
    (
        "loyal",
        """
        SELECT customer_id FROM customers
        WHERE tier = 'gold' AND EXISTS (
          SELECT 1 FROM orders
          WHERE orders.customer_id = customers.customer_id
            AND status = 'paid' AND placed_at >= TIMESTAMP '2026-08-24 00:00:00'
        )
        """,
    ),
    (
        "troubled",
        """
        SELECT customer_id FROM customers
        WHERE email_ok IS NOT TRUE OR customer_id IN (
          SELECT customer_id FROM orders WHERE status = 'returned'
          GROUP BY customer_id HAVING count(*) >= 2
        )
        """,
    ),
    (
        "reachable",
        """
        SELECT customer_id FROM buyers JOIN customers USING (customer_id)
        WHERE country IN ('FR', 'DE', 'NL', 'BE') AND (
          last_seen >= TIMESTAMP '2025-10-18 00:00:00' OR customer_id IN (
            SELECT customer_id FROM orders WHERE placed_at >= TIMESTAMP '2026-10-23 00:00:00'
          )
        )
        """,
    ),
    (
        "either",
        """
        SELECT customer_id FROM reachable
        UNION ALL
        SELECT customer_id FROM loyal WHERE NOT EXISTS (
          SELECT 1 FROM reachable WHERE reachable.customer_id = loyal.customer_id
        )
        """,
    ),
    (
        "clean",
        """
        SELECT customer_id FROM either WHERE NOT EXISTS (
          SELECT 1 FROM troubled WHERE troubled.customer_id = either.customer_id
        )
        """,
    ),
    (
        "+ranked",
        """
        SELECT customer_id, email IS NULL OR email = '' OR row_number() OVER (
          PARTITION BY lower(email) ORDER BY last_seen DESC NULLS LAST, customer_id
        ) = 1 AS leads
        FROM clean JOIN customers USING (customer_id)
        """,
    ),
    ("one_each", "SELECT customer_id FROM ranked WHERE leads"),
    ("one_each.twins", "SELECT customer_id FROM ranked WHERE NOT leads"),
    (
        "known",
        """
        SELECT
          customer_id, coalesce(first_name, 'friend') AS greeting, city,
          coalesce(orders_made, 0) AS orders_made, coalesce(spent, 0) AS spent, last_order
        FROM one_each
        JOIN customers USING (customer_id)
        LEFT JOIN stores USING (store_id)
        LEFT JOIN (
          SELECT customer_id, count(*) AS orders_made, sum(amount) AS spent,
            max(placed_at) AS last_order
          FROM orders GROUP BY customer_id
        ) AS figures USING (customer_id)
        """,
    ),
    (
        "+divided",
        f"""
        SELECT customer_id, greeting, city, orders_made, spent, last_order, CASE
          WHEN drawn THEN 'control'
          WHEN rich AND row_number() OVER (PARTITION BY rich ORDER BY spent DESC, customer_id)
            <= round(count(*) OVER (PARTITION BY rich) * 0.3) THEN 'vip'
          ELSE 'others' END AS cell
        FROM (
          SELECT known.*, {_CHANCE} < '1999999a' AS drawn,
            {_CHANCE} >= '1999999a' AND spent >= 500 AS rich
          FROM known
        ) AS drawn_and_rich
        """,
    ),
    *(
        (
            f"cells.{cell}",
            f"""
            SELECT customer_id, greeting, city, orders_made, spent, last_order
            FROM divided WHERE cell = '{cell}'
            """,
        )
        for cell in ("control", "vip", "others")
    ),
    (
        "engaged",
        """
        SELECT had.* FROM cells__others AS had JOIN customers USING (customer_id)
        WHERE last_order >= TIMESTAMP '2026-05-26 00:00:00' AND EXISTS (
          SELECT 1 FROM orders WHERE orders.customer_id = had.customer_id
            AND (orders.store_id = customers.store_id) IS NOT TRUE
        )
        """,
    ),
    (
        "chosen",
        """
        SELECT * FROM cells__vip
        UNION ALL
        SELECT * FROM engaged WHERE NOT EXISTS (
          SELECT 1 FROM cells__vip WHERE cells__vip.customer_id = engaged.customer_id
        )
        """,
    ),
    ("keep", "SELECT * FROM chosen"),
    ("audience season", "SELECT * FROM chosen"),
)


def work(given: Mapping[str, Any]) -> Callable[[], dict[str, str]]:
    """Run the script on `engine` at `url`; outputs go to the schema or folder `place`."""
    opened = _postgresql if given["engine"] == "postgresql" else _spark
    write, hold = opened(given["url"], given["place"])

    def run() -> dict[str, str]:
        for name, query in STEPS:
            keep = hold if name.startswith("+") else write
            keep(sql_name(name), query)
        return {name: sql_name(name) for name, _ in STEPS if not name.startswith("+")}

    return run


def sql_name(output: str) -> str:
    """An output's name as the script writes it."""
    return output.lstrip("+").replace(".", "__").replace(" ", "_")


def _postgresql(url: str, schema: str) -> tuple[Keep, Keep]:
    """Tables of a schema, and temporary ones; each is looked at by the planner."""
    import psycopg2

    connection = psycopg2.connect(url, options=f"-c search_path={schema},shop -c timezone=UTC")
    connection.autocommit = True
    cursor = connection.cursor()

    def made(kind: str) -> Keep:
        return lambda name, query: cursor.execute(
            f"CREATE {kind} {name} AS {query}; ANALYZE {name}"
        )

    return made("TABLE"), made("TEMP TABLE")


def _spark(url: str, folder: str) -> tuple[Keep, Keep]:
    """Folders of Parquet with views of them, and what Spark caches."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(url).create()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.sql("USE shop")

    def write(name: str, query: str) -> None:
        place = str(Path(folder) / name)
        spark.sql(query).write.parquet(place, compression="zstd")
        spark.read.parquet(place).createOrReplaceTempView(name)

    def hold(name: str, query: str) -> None:
        spark.sql(query).createOrReplaceTempView(name)
        spark.sql(f"CACHE TABLE {name}")

    return write, hold
