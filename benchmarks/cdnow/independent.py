"""The lapsed buyers counted without the product: plain Python over the public files."""

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

_LAPSED_SINCE = "1998-01-01"
_AT_LEAST = 2
_MORE_THAN = Decimal(100)


def lapsed_buyers(purchases: Path) -> set[int]:
    """Customers with at least 2 purchases, more than 100 dollars in all, none since 1998 began."""
    spent: defaultdict[int, Decimal] = defaultdict(Decimal)
    times: defaultdict[int, int] = defaultdict(int)
    last: defaultdict[int, str] = defaultdict(str)
    with purchases.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            customer = int(row["customer_id"])
            spent[customer] += Decimal(row["amount"])
            times[customer] += 1
            last[customer] = max(last[customer], row["purchased_on"])
    return {
        customer
        for customer in times
        if times[customer] >= _AT_LEAST
        and spent[customer] > _MORE_THAN
        and last[customer] < _LAPSED_SINCE
    }


def reachable(customers: set[int], completed: Path) -> dict[str, set[int]]:
    """Cut customers by what the completed file says: to send, no_address, no_consent."""
    found: dict[str, set[int]] = {"to send": set(), "no_address": set(), "no_consent": set()}
    with completed.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            customer = int(row["customer_id"])
            if customer in customers:
                reason = "no_consent" if row["email_ok"] == "false" else "to send"
                found["no_address" if not row["email"] else reason].add(customer)
    return found
