import csv
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campanile.demo.shop import Shop, ShopFile

TODAY = datetime(2026, 11, 22, tzinfo=UTC)


WEEK = TODAY - timedelta(days=7)


def written(folder: Path, seed: int = 7) -> dict[str, bytes]:
    return {
        each.path.name: each.path.read_bytes() for each in Shop(1_000, seed, TODAY).write(folder)
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[ShopFile, ...]:
    return Shop(1_000, 7, TODAY).write(tmp_path_factory.mktemp("shop"), [WEEK])


@pytest.fixture(scope="module")
def rows(files: tuple[ShopFile, ...]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for each in files:
        with each.path.open(encoding="utf-8", newline="") as read:
            found.setdefault(each.entity, []).extend(csv.DictReader(read))
    return found


def test_the_same_seed_and_day_give_the_same_shop(tmp_path: Path) -> None:
    assert written(tmp_path / "a") == written(tmp_path / "b")


def test_another_seed_gives_another_shop(tmp_path: Path) -> None:
    one, other = written(tmp_path / "a"), written(tmp_path / "b", seed=8)
    assert one["customer.csv"] != other["customer.csv"]
    assert one["order_2026-11-22.csv"] != other["order_2026-11-22.csv"]


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


def test_orders_come_when_they_are_known(files: tuple[ShopFile, ...]) -> None:
    orders = [each for each in files if each.entity == "order"]
    assert [each.known for each in orders] == [WEEK, TODAY]
    for each, (begin, end) in zip(
        orders, [("2024", "2026-11-15"), ("2026-11-15", "2026-11-22")], strict=True
    ):
        with each.path.open(encoding="utf-8", newline="") as read:
            placed = [row["placed_at"] for row in csv.DictReader(read)]
        assert begin <= min(placed) <= max(placed) < end


def test_more_is_bought_before_christmas_and_some_have_stopped(
    rows: dict[str, list[dict[str, str]]],
) -> None:
    months = Counter(row["placed_at"][:7] for row in rows["order"])
    assert months["2025-12"] > 1.5 * months["2025-09"]
    newest = {row["customer_id"]: row["placed_at"] for row in rows["order"]}
    lapsed = sum(placed < "2026-05" for placed in newest.values())
    assert 0.2 < lapsed / len(newest) < 0.7


def test_people_live_in_several_zones_and_speak_several_languages(
    rows: dict[str, list[dict[str, str]]],
) -> None:
    assert {row["language"] for row in rows["customer"]} == {"en", "fr", "de"}
    assert len({row["zone"] for row in rows["customer"]}) >= 5


def test_contracts_belong_to_customers_and_end_after_they_began(
    rows: dict[str, list[dict[str, str]]],
) -> None:
    customers = {row["customer_id"] for row in rows["customer"]}
    assert rows["contract"]
    for row in rows["contract"]:
        assert row["customer_id"] in customers
        assert row["start_date"] < row["end_date"]


def test_no_file_holds_a_quote_so_that_loading_is_quick(files: tuple[ShopFile, ...]) -> None:
    assert not any(b'"' in each.path.read_bytes() for each in files)
