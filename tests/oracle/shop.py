"""The demonstration shop as plain Python sees it: its files, read back without the product."""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from campanile.demo.shop import Shop as DemoShop

Row = dict[str, Any]
ENTITIES = ("store", "product", "customer", "contract", "order", "order_line")
CUSTOMERS = 500
_SEED = 11


def _instant(text: str) -> datetime:
    """An instant as the engines keep it: naive, in UTC."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007


_TYPES: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("customer_id", "order_id", "line_no", "quantity"), int),
    **dict.fromkeys(("amount", "price", "fee"), float),
    **dict.fromkeys(("birth_date", "start_date", "end_date"), date.fromisoformat),
    **dict.fromkeys(("placed_at", "last_seen", "updated_at"), _instant),
    "email_ok": lambda text: text == "true",
}


def make_files(folder: Path, today: datetime) -> dict[str, Path]:
    """Write the shop's files and take values out of them: every table has rows full of nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    made = {each.entity: each.path for each in DemoShop(CUSTOMERS, _SEED, midnight).write(folder)}
    _empty(made["customer"], {"tier": 9, "last_seen": 13, "language": 17, "email": 19})
    _empty(made["order"], {"customer_id": 23, "amount": 7, "placed_at": 11, "status": 10})
    _empty(made["order_line"], {"sku": 14, "quantity": 9, "price": 12})
    _empty(made["contract"], {"end_date": 6, "fee": 5, "customer_id": 8})
    return {entity: made[entity] for entity in ENTITIES}


def _empty(path: Path, every: Mapping[str, int]) -> None:
    """Empty every n-th value of each of the columns."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for column, step in every.items():
        for row in rows[step - 1 :: step]:
            row[column] = ""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: Path) -> list[Row]:
    """The rows of a file; an empty field is None."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: _TYPES.get(name, str)(text) if text else None for name, text in row.items()}
            for row in csv.DictReader(file)
        ]


@dataclass(frozen=True)
class Shop:
    """The rows of the shop, and how they hang together; `now` is naive, in UTC."""

    files: Mapping[str, Path]
    now: datetime

    @cached_property
    def customers(self) -> dict[int, Row]:
        return {row["customer_id"]: row for row in read_rows(self.files["customer"])}

    @cached_property
    def stores(self) -> dict[str, Row]:
        return {row["store_id"]: row for row in read_rows(self.files["store"])}

    @cached_property
    def products(self) -> dict[str, Row]:
        return {row["sku"]: row for row in read_rows(self.files["product"])}

    @cached_property
    def contracts(self) -> dict[str, Row]:
        return {row["contract_id"]: row for row in read_rows(self.files["contract"])}

    @cached_property
    def orders(self) -> dict[int, Row]:
        return {row["order_id"]: row for row in read_rows(self.files["order"])}

    @cached_property
    def orders_of(self) -> dict[int, list[Row]]:
        return grouped(self.orders.values(), "customer_id")

    @cached_property
    def contracts_of(self) -> dict[int, list[Row]]:
        return grouped(self.contracts.values(), "customer_id")

    @cached_property
    def lines_of(self) -> dict[int, list[Row]]:
        return grouped(read_rows(self.files["order_line"]), "order_id")

    def category(self, line: Row) -> str | None:
        """The category of the product of a line."""
        return self.products[line["sku"]]["category"] if line["sku"] in self.products else None

    def who(self, rule: Callable[[Row], Any]) -> set[int]:
        """The customers for whom a rule holds."""
        return {key for key, row in self.customers.items() if rule(row)}

    def today(self, zone: str = "Europe/Paris") -> date:
        """The day it is in a zone."""
        return self.now.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()

    def days_ago(self, days: int, zone: str = "Europe/Paris") -> datetime:
        """The local midnight so many days ago, naive in UTC."""
        day = self.today(zone) - timedelta(days=days)
        local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
        return local.astimezone(UTC).replace(tzinfo=None)


def grouped(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """Rows by a value; those without one are nobody's."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        if row[column] is not None:
            found[row[column]].append(row)
    return found


def local(moment: datetime, zone: str) -> datetime:
    """What clocks in a zone show at an instant that is naive in UTC."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def years_old(born: date, today: date) -> int:
    """Whole years from one day to another."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def bucket(salt: str, key: object) -> str:
    """The chance of a row: eight digits of a hash, the same on every engine."""
    return hashlib.md5(f"{salt}\x1f{key}".encode()).hexdigest()[:8]


def below(digits: str, share: float) -> bool:
    """Whether a chance lies in the first part of all chances."""
    return int(digits, 16) < share * 16**8


def total(rows: Iterable[Row], column: str) -> float:
    """The sum of a column; nothing counts as 0."""
    return sum(row[column] or 0 for row in rows)
