import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campanile.demo.shop import Shop

TODAY = datetime(2026, 11, 22, tzinfo=UTC)


def written(folder: Path, seed: int = 7, today: datetime = TODAY) -> dict[str, bytes]:
    files = Shop(1_000, seed, today).write(folder, lambda _: None)
    return {entity: file.read_bytes() for entity, file in files.items()}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    files = Shop(1_000, 7, TODAY).write(tmp_path_factory.mktemp("shop"), lambda _: None)
    found = {}
    for entity, file in files.items():
        with file.open(encoding="utf-8", newline="") as read:
            found[entity] = list(csv.DictReader(read))
    return found


def test_the_same_seed_and_day_give_the_same_shop(tmp_path: Path) -> None:
    assert written(tmp_path / "a") == written(tmp_path / "b")


def test_another_seed_gives_another_shop(tmp_path: Path) -> None:
    one, other = written(tmp_path / "a"), written(tmp_path / "b", seed=8)
    assert one["customer"] != other["customer"]
    assert one["order"] != other["order"]


def test_every_address_is_nobodys(rows: dict[str, list[dict[str, str]]]) -> None:
    domains = {
        row["email"].strip().lower().partition("@")[2]
        for row in rows["customer"]
        if "@" in row["email"]
    }
    assert domains <= {"example.com", ""}


def test_the_shop_is_as_messy_as_real_ones(rows: dict[str, list[dict[str, str]]]) -> None:
    customers = rows["customer"]
    addresses = Counter(row["email"].strip().lower() for row in customers if row["email"])
    assert any(count > 1 for count in addresses.values()), "people who came in twice"
    assert any(row["email"] != row["email"].strip() for row in customers), "stray blanks"
    assert any(row["email"] == "" for row in customers), "no address"
    assert any(row["email"] and "@example.com" not in row["email"].lower() for row in customers)
    assert any(row["first_name"] == "" for row in customers), "no first name"
    assert {row["email_ok"] for row in customers} == {"true", "false", ""}
    assert {row["status"] for row in rows["order"]} == {"paid", "cancelled", "refunded"}


def test_keys_are_unique_and_orders_belong_to_customers(
    rows: dict[str, list[dict[str, str]]],
) -> None:
    customers = [row["customer_id"] for row in rows["customer"]]
    orders = [row["order_id"] for row in rows["order"]]
    assert len(set(customers)) == len(customers)
    assert len(set(orders)) == len(orders)
    assert {row["customer_id"] for row in rows["order"]} <= set(customers)
    assert {row["order_id"] for row in rows["order_line"]} == set(orders)
    assert {row["sku"] for row in rows["order_line"]} <= {row["sku"] for row in rows["product"]}


def test_nobody_orders_in_the_future(rows: dict[str, list[dict[str, str]]]) -> None:
    assert max(row["placed_at"] for row in rows["order"]) <= TODAY.strftime("%Y-%m-%dT%H:%M:%SZ")
