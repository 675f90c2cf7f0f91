from datetime import UTC, datetime, timedelta
from pathlib import Path

from campanile.demo.purchases import Till, write_purchases

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_customers_are_known_by_their_address_and_strangers_pay_in_cash(tmp_path: Path) -> None:
    till = Till(tmp_path / "till.jsonl")
    for address in (
        "ANA.ROSSI.12@EXAMPLE.COM",
        "zoe.martin.fair3@example.com",
        "accounts.7@example.com",
    ):
        till.ring(address, NOW)
    assert {each.customer_id for each in till.sold(NOW - timedelta(1), NOW)} == {7, 12}


def test_only_what_is_over_counts(tmp_path: Path) -> None:
    till = Till(tmp_path / "till.jsonl")
    till.ring("a.b.1@example.com", NOW)
    till.ring("a.b.2@example.com", NOW + timedelta(seconds=9))
    assert [each.customer_id for each in till.sold(NOW - timedelta(1), NOW)] == [1]
    assert till.sold(NOW, NOW) == []


def test_a_purchase_is_written_alike_whenever_it_is_written(tmp_path: Path) -> None:
    products = tmp_path / "product.csv"
    products.write_text("sku,name,category,price\nBA001,bag,bags,5.5\nBA002,tote,bags,7\n")
    till = Till(tmp_path / "till.jsonl")
    till.ring("a.b.1@example.com", NOW)
    sold = till.sold(NOW - timedelta(1), NOW)
    one = write_purchases(tmp_path / "a", products, sold, NOW)
    two = write_purchases(tmp_path / "b", products, sold, NOW)
    for entity in ("order", "order_line"):
        assert one[entity].read_bytes() == two[entity].read_bytes()
    assert (
        one["order"]
        .read_text()
        .splitlines()[1]
        .startswith(f"{sold[0].order_id},1,,2026-11-22T12:00:00Z,")
    )
