"""The demonstration shop: customers, orders, contracts and products with the mess real tables have.

The same seed and day give the same shop. All addresses lie under example.com: nobody's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Final

import duckdb

from campanile.demo.names import CITIES, FIRST_NAMES, LAST_NAMES, MAKES, PLANS, SEASON, THINGS, WEEK
from campanile.demo.names import plain as plain_letters

DAYS_OF_HISTORY: Final = 730
_FULL: Final = ("store", "product", "customer", "contract")  # written once, whole
_ISO: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class ShopFile:
    """A file to load into `entity`; what is in it is known from the instant `known` (UTC) on."""

    entity: str
    path: Path
    known: datetime


@dataclass(frozen=True)
class Shop:
    """How large the shop is, from which seed, and which day is today (aware UTC, midnight)."""

    customers: int
    seed: int
    today: datetime

    def write(self, folder: Path, deliveries: Sequence[datetime] = ()) -> tuple[ShopFile, ...]:
        """Write the tables as CSV below `folder`; returns the files in the order to load them.

        Orders come in one file up to the first of `deliveries` (rising instants), then in one for
        each of the pauses between them, the last one up to today.
        """
        folder.mkdir(parents=True, exist_ok=True)
        ends = [*deliveries, self.today]
        with duckdb.connect(":memory:") as database:
            self._prepare(database)
            database.execute(_script())
            files = [
                _write(database, f"FROM {entity} ORDER BY ALL", folder / f"{entity}.csv")
                for entity in _FULL
            ]
            found = [ShopFile(e, path, ends[0]) for e, path in zip(_FULL, files, strict=True)]
            begin = self.today - timedelta(days=2 * DAYS_OF_HISTORY)
            for end in ends:
                found += self._growth(database, folder, begin, end)
                begin = end
        return tuple(found)

    def _growth(
        self, database: duckdb.DuckDBPyConnection, folder: Path, begin: datetime, end: datetime
    ) -> list[ShopFile]:
        span = f"placed_at >= '{begin:{_ISO}}' AND placed_at < '{end:{_ISO}}'"
        queries = {
            "order": f'FROM "order" WHERE {span} ORDER BY ALL',
            "order_line": f'FROM order_line SEMI JOIN (FROM "order" WHERE {span}) USING (order_id) '
            "ORDER BY ALL",
        }
        return [
            ShopFile(e, _write(database, query, folder / f"{e}_{end:%Y-%m-%d}.csv"), end)
            for e, query in queries.items()
        ]

    def _prepare(self, database: duckdb.DuckDBPyConnection) -> None:
        """The sizes and the words that the script reads."""
        database.execute(f"CREATE MACRO seed() AS {int(self.seed)}")
        database.execute(f"CREATE MACRO customers() AS {int(self.customers)}")
        database.execute(f"CREATE MACRO today() AS TIMESTAMP '{self.today:%Y-%m-%d %H:%M:%S}'")
        for name, words in _WORDS.items():
            database.execute(f"CREATE TABLE {name} AS SELECT unnest(?) AS words", [words])
        database.execute("CREATE TABLE shares (share DOUBLE, day TIMESTAMP)")
        database.executemany("INSERT INTO shares VALUES (?, ?)", self._season())
        database.execute("CREATE TABLE goods (sku VARCHAR, name VARCHAR, category VARCHAR)")
        database.executemany("INSERT INTO goods VALUES (?, ?, ?)", _goods())
        database.execute(
            "CREATE TABLE places (number BIGINT, name VARCHAR, country VARCHAR, "
            "language VARCHAR, zone VARCHAR)"
        )
        database.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?)", _places())

    def _season(self) -> list[tuple[float, datetime]]:
        """The days of two years, each with the share of the orders that came before it."""
        first = self.today.replace(tzinfo=None) - timedelta(days=DAYS_OF_HISTORY)
        days = [first + timedelta(days=number) for number in range(DAYS_OF_HISTORY)]
        weights = [SEASON[day.month - 1] * WEEK[day.weekday()] for day in days]
        total, passed = sum(weights), 0.0
        rows = []
        for day, weight in zip(days, weights, strict=True):
            rows.append((passed / total, day))
            passed += weight
        return rows


_WORDS: Final = {
    "first_names": list(FIRST_NAMES),
    "last_names": list(LAST_NAMES),
    "first_letters": [plain_letters(name) for name in FIRST_NAMES],
    "last_letters": [plain_letters(name) for name in LAST_NAMES],
    "plans": list(PLANS),
}


def _goods() -> list[tuple[str, str, str]]:
    """What the shop sells: every thing of every category in a few makes."""
    return [
        (f"{category[:2].upper()}{number:03d}", name, category)
        for category, things in THINGS.items()
        for number, name in enumerate((f"{make} {t}" for make in MAKES for t in things), start=1)
    ]


def _places() -> list[tuple[int, str, str, str, str]]:
    """Each city as often as its weight, so that a number drawn evenly finds it that often."""
    cities = [city for city in CITIES for _ in range(city.weight)]
    return [(n, c.name, c.country, c.language, c.zone) for n, c in enumerate(cities)]


def _script() -> str:
    return (resources.files("campanile.demo") / "shop.sql").read_text(encoding="utf-8")


def _write(database: duckdb.DuckDBPyConnection, query: str, path: Path) -> Path:
    target = str(path).replace("'", "''")
    nothing = "nullif(COLUMNS(*)::VARCHAR, '')"  # not a quoted nothing, which is slower to read
    copy = f"COPY (SELECT {nothing} FROM ({query})) TO '{target}' (HEADER)"  # noqa: S608  our words
    database.execute(copy)
    return path
