"""What recipients buy after a click: rung up at a till, and brought to the product as files."""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Final

_CUSTOMER: Final = re.compile(r"\.(\d+)@example\.com$", re.IGNORECASE)
_FIRST_NUMBER: Final = 10**12  # orders of the shop's own tables are numbered far below
_ORDER: Final = ("order_id", "customer_id", "store_id", "placed_at", "amount", "status")
_LINE: Final = ("order_id", "line_no", "sku", "quantity", "price")


@dataclass(frozen=True)
class Purchase:
    """Somebody bought one thing at an instant (aware UTC)."""

    customer_id: int
    at: datetime

    @property
    def order_id(self) -> int:
        """A number of its own, the same whenever it is asked for."""
        text = f"{self.customer_id} {self.at.isoformat()}"
        return _FIRST_NUMBER + int.from_bytes(blake2b(text.encode(), digest_size=5).digest())


class Till:
    """Purchases as they happen, one line of JSON each."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ring(self, address: str, at: datetime) -> None:
        """Note that the customer behind an address buys at `at`; strangers pay in cash."""
        found = _CUSTOMER.search(address.strip())
        if found is not None:
            sold = Purchase(int(found[1]), at)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**asdict(sold), "at": at.isoformat()}) + "\n")

    def sold(self, since: datetime, until: datetime) -> list[Purchase]:
        """The purchases in (`since`, `until`], the oldest first."""
        if not self._path.exists():
            return []
        rows = [json.loads(line) for line in self._path.read_text().splitlines()]
        found = [Purchase(row["customer_id"], datetime.fromisoformat(row["at"])) for row in rows]
        return sorted((p for p in found if since < p.at <= until), key=lambda p: (p.at, p.order_id))


def write_purchases(
    folder: Path, products: Path, purchases: Sequence[Purchase], until: datetime
) -> dict[str, Path]:
    """Write purchases as files for `order` and `order_line`; returns entity to file.

    Each is of one thing of the file `products`, at its price.
    """
    with products.open(encoding="utf-8", newline="") as file:
        goods = list(csv.DictReader(file))
    sold = [(one, goods[one.order_id % len(goods)]) for one in purchases]
    orders = [
        (one.order_id, one.customer_id, "", f"{one.at:%Y-%m-%dT%H:%M:%SZ}", good["price"], "paid")
        for one, good in sold
    ]
    lines = [(one.order_id, 1, good["sku"], 1, good["price"]) for one, good in sold]
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{until:%Y-%m-%dT%H%M%S}.csv"
    return {
        "order": _write(folder / f"order_{name}", _ORDER, orders),
        "order_line": _write(folder / f"order_line_{name}", _LINE, lines),
    }


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path
