"""The demonstration shop: customers, orders, products and stores with the mess real tables have.

The same seed and day give the same shop. All addresses lie under example.com: nobody's.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Final

from campanile.demo.names import CATEGORIES, CITIES, FIRST_NAMES, LAST_NAMES, THINGS

_LANGUAGES: Final = (("en", "Europe/London"), ("fr", "Europe/Paris"), ("de", "Europe/Berlin"))
_TIERS: Final = ("bronze",) * 70 + ("silver",) * 22 + ("gold",) * 8
_MAKES: Final = ("Alder", "Birch", "Cedar")
_DAYS_OF_HISTORY: Final = 730


@dataclass(frozen=True)
class Product:
    """Something the shop sells; `price` in the shop's currency."""

    sku: str
    name: str
    category: str
    price: float


@dataclass(frozen=True)
class Shop:
    """How large the shop is, from which seed, and which day is today (aware UTC)."""

    customers: int
    seed: int
    today: datetime

    def write(self, folder: Path, progress: Callable[[str], None]) -> Mapping[str, Path]:
        """Write one CSV for each entity below `folder`; returns entity to file, loading order."""
        folder.mkdir(parents=True, exist_ok=True)
        tables: dict[str, tuple[tuple[str, ...], Iterable[tuple[object, ...]]]] = {
            "store": (("store_id", "name", "city", "country"), self._stores()),
            "product": (("sku", "name", "category", "price"), self._product_rows()),
            "customer": (_CUSTOMER_COLUMNS, self._customers()),
            "order": (_ORDER_COLUMNS, (order for order, _ in self._orders())),
            "order_line": (_LINE_COLUMNS, (line for _, lines in self._orders() for line in lines)),
        }
        files = {}
        for entity, (header, rows) in tables.items():
            files[entity] = _write_csv(folder / f"{entity}.csv", header, rows)
            progress(entity)
        return MappingProxyType(files)

    def products(self) -> list[Product]:
        """What the shop sells: every thing of every category in a few makes."""
        random = Random(f"{self.seed}-products")
        return [
            Product(
                f"{category[:2].upper()}{number:03d}",
                f"{make} {thing}",
                category,
                round(random.uniform(8, 180), 2),
            )
            for category in CATEGORIES
            for number, (make, thing) in enumerate(
                (
                    (make, thing)
                    for make in ("Alder", "Birch", "Cedar")
                    for thing in THINGS[category]
                ),
                start=1,
            )
        ]

    def _product_rows(self) -> Iterator[tuple[object, ...]]:
        return ((p.sku, p.name, p.category, p.price) for p in self.products())

    def _stores(self) -> Iterator[tuple[object, ...]]:
        return (
            (city.lower(), f"Campanile {city}", city, country)
            for city, (_, country) in CITIES.items()
        )

    def _customers(self) -> Iterator[tuple[object, ...]]:
        random = Random(f"{self.seed}-customers")
        twins = self.customers // 50  # 2 % came in twice, under another number
        for number in range(1, self.customers - twins + 1):
            yield self._customer(number, number, Random(f"{self.seed}-{number}"))
        for number in range(self.customers - twins + 1, self.customers + 1):
            first = random.randrange(1, self.customers - twins + 1)
            yield self._customer(number, first, Random(f"{self.seed}-{first}"))

    def _customer(self, number: int, person: int, random: Random) -> tuple[object, ...]:
        """Row `number` about `person`; twins differ in number and in how the address is typed."""
        first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
        language, zone = random.choice(_LANGUAGES)
        address = f"{_plain(first)}.{_plain(last)}.{person}@example.com"
        if number != person:
            address = random.choice([address.upper(), f" {address}", address.title()])
        elif random.random() < 0.06:
            address = random.choice(["", "", "", f"{_plain(first)}@", "n/a"])
        seen = self.today - timedelta(days=random.expovariate(1 / 120), seconds=number % 3600)
        return (
            number,
            "" if random.random() < 0.04 else first,
            last,
            address,
            f"+33 6 {random.randrange(10**8):08d}" if random.random() < 0.7 else "",
            random.choices(("true", "false", ""), (78, 12, 10))[0],
            language,
            zone,
            random.choice(_TIERS),
            _birth_date(random) if random.random() < 0.8 else "",
            random.choice(list(CITIES)).lower() if random.random() < 0.9 else "",
            seen.strftime("%Y-%m-%dT%H:%M:%SZ"),
            (seen - timedelta(days=random.randrange(1, 90))).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )

    def _orders(self) -> Iterator[tuple[tuple[object, ...], list[tuple[object, ...]]]]:
        random = Random(f"{self.seed}-orders")
        products, cities = self.products(), [city.lower() for city in CITIES]
        number = 0
        for customer in range(1, self.customers + 1):
            stopped = random.random() < 0.35  # a third has not bought for a while
            for _ in range(min(int(random.expovariate(1 / 3)), 25)):
                number += 1
                yield self._order(number, customer, stopped, random, products, cities)

    def _order(
        self,
        number: int,
        customer: int,
        stopped: bool,
        random: Random,
        products: list[Product],
        cities: list[str],
    ) -> tuple[tuple[object, ...], list[tuple[object, ...]]]:
        oldest = 200 if stopped else 1
        at = self.today - timedelta(
            days=random.randrange(oldest, _DAYS_OF_HISTORY), seconds=random.randrange(86_400)
        )
        bought = [
            (random.choice(products), random.choice((1, 1, 1, 2, 3)))
            for _ in range(random.choice((1, 1, 2, 3)))
        ]
        lines: list[tuple[object, ...]] = [
            (number, place, product.sku, count, product.price)
            for place, (product, count) in enumerate(bought, start=1)
        ]
        total = round(sum(product.price * count for product, count in bought), 2)
        status = random.choices(("paid", "cancelled", "refunded"), (92, 5, 3))[0]
        when = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return (number, customer, random.choice(cities), when, total, status), lines


_CUSTOMER_COLUMNS: Final = (
    *("customer_id", "first_name", "last_name", "email", "mobile", "email_ok", "language", "zone"),
    *("tier", "birth_date", "store_id", "last_seen", "updated_at"),
)
_ORDER_COLUMNS: Final = ("order_id", "customer_id", "store_id", "placed_at", "amount", "status")
_LINE_COLUMNS: Final = ("order_id", "line_no", "sku", "quantity", "price")


def _birth_date(random: Random) -> str:
    year, month, day = (
        random.randrange(1940, 2006),
        random.randrange(1, 13),
        random.randrange(1, 29),
    )
    return f"{year}-{month:02d}-{day:02d}"


def _plain(name: str) -> str:
    """`name` in the letters of an address."""
    return name.lower().translate(str.maketrans("éèëüöäçïô '", "eeeuoacio--"))


def _write_csv(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path
