"""Real purchases: the customers that campaigns find are those that plain Python finds.

CDNOW is public research data that is not ours to pass on: its folder is named by CDNOW.
"""

import csv
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.oracle.conftest import ENGINES, Stage
from tests.oracle.shop import below, bucket

FOLDER = Path(os.environ.get("CDNOW", "-"))
pytestmark = pytest.mark.skipif(
    not (FOLDER / "purchases.csv").is_file(), reason="CDNOW names no folder with purchases.csv"
)
CATALOG = """
entities:
  customer:
    source: {loaded: true}
    key: customer_id
    columns: {customer_id: integer, first_purchase_on: date}
  purchase:
    source: {loaded: true}
    key: purchase_id
    columns:
      {purchase_id: integer, customer_id: integer, purchased_on: date, cds: integer, amount: number}
    links: {customer: {to: customer, match: {customer_id: customer_id}, back: purchases}}
dimensions:
  customer: {default: true}
  purchase: {recipient: customer}
"""


@dataclass
class Buyer:
    """A customer's purchases as (day, number of the purchase, CDs, dollars)."""

    first: date
    bought: list[tuple[date, int, int, Decimal]] = field(default_factory=list)

    @property
    def spent(self) -> Decimal:
        return sum((dollars for *_, dollars in self.bought), Decimal(0))


@pytest.fixture(scope="module")
def buyers() -> dict[int, Buyer]:
    """Everybody, without the product."""
    with (FOLDER / "customers.csv").open(newline="") as file:
        found = {
            int(row["customer_id"]): Buyer(date.fromisoformat(row["first_purchase_on"]))
            for row in csv.DictReader(file)
        }
    with (FOLDER / "purchases.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            day, number = date.fromisoformat(row["purchased_on"]), int(row["purchase_id"])
            bought = (day, number, int(row["cds"]), Decimal(row["amount"]))
            found[int(row["customer_id"])].bought.append(bought)
    return found


@pytest.fixture(scope="module", params=ENGINES)
def stage(request: pytest.FixtureRequest, open_stage: Callable[..., Any]) -> Stage:
    """The purchases on one engine."""
    loads = {each: FOLDER / f"{each}s.csv" for each in ("customer", "purchase")}
    return Stage(open_stage(request.param, CATALOG, loads, {}), None)


def keys(rows: list[dict[str, Any]]) -> set[int]:
    """The customers, each of whom comes once."""
    found = {row["customer_id"] for row in rows}
    assert len(found) == len(rows)
    return found


def test_who_has_lapsed_and_who_was_large_at_first(stage: Stage, buyers: Any) -> None:
    found = stage.play(
        "lapsed",
        """
activities:
  lapsed:
    type: build_audience
    where:
      - count(purchases) >= 2 and sum(purchases.amount) > 100
      - not exists(purchases, purchased_on >= date '1998-01-01')
  large_at_first:
    type: build_audience
    where: first(purchases.cds, purchased_on) >= 6 and max(purchases.amount) < 150
  never_free: {type: build_audience, where: "min(purchases.amount) > 0 and avg(purchases.cds) >= 3"}
  came_again:
    type: build_audience
    where: exists(purchases, purchased_on > customer.first_purchase_on)
""",
    )
    new_year = date(1998, 1, 1)
    assert keys(found["lapsed"]) == {
        key
        for key, who in buyers.items()
        if len(who.bought) >= 2
        and who.spent > 100
        and not any(day >= new_year for day, *_ in who.bought)
    }
    assert len(found["lapsed"]) == 2_187  # by a query of the public files that others made
    assert keys(found["large_at_first"]) == {
        key
        for key, who in buyers.items()
        if min(who.bought)[2] >= 6 and max(dollars for *_, dollars in who.bought) < 150
    }
    assert keys(found["never_free"]) == {
        key
        for key, who in buyers.items()
        if min(dollars for *_, dollars in who.bought) > 0
        and sum(cds for _, _, cds, _ in who.bought) >= 3 * len(who.bought)
    }
    assert keys(found["came_again"]) == {
        key for key, who in buyers.items() if any(day > who.first for day, *_ in who.bought)
    }


def test_fifths_shares_and_the_best_of_each_month(stage: Stage, buyers: Any) -> None:
    found = stage.play(
        "fifths",
        """
activities:
  everybody: {type: build_audience}
  known: {type: enrichment, from: everybody, add: {spent: "round(sum(purchases.amount), 2)"}}
  parted: {type: enrichment, from: known, add: {part: "tile(5, order => desc(spent))"}}
  top: {type: filter, from: parted, where: part = 1, complement: others}
  cells:
    type: split
    from: top.others
    subsets:
      control: {limit: 10%}
      best: {limit: 3%, order: [spent desc]}
      monthly: {each: {by: month(first_purchase_on), limit: 50}, order: [spent desc]}
    complement: left
  two_a_day:
    type: deduplication
    from: cells.left
    by: [first_purchase_on]
    keep: 2
    order: [spent]
""",
    )
    spent = {key: who.spent for key, who in buyers.items()}
    queue = sorted(spent, key=lambda key: (-spent[key], key))
    size, extra = divmod(len(queue), 5)
    top = set(queue[: size + (extra > 0)])
    assert keys(found["top"]) == top
    others = [key for key in queue if key not in top]
    control = {key for key in others if below(bucket("fifths/cells", key), 0.1)}
    best = [key for key in others if key not in control][: (len(others) * 6 + 100) // 200]
    months, left = defaultdict(list), defaultdict(list)
    for key in others:
        if key not in control and key not in best:
            months[buyers[key].first.month].append(key)
    monthly = {key for month in months.values() for key in month[:50]}
    for key in sorted(
        (k for month in months.values() for k in month[50:]), key=lambda k: (spent[k], k)
    ):
        left[buyers[key].first].append(key)
    assert keys(found["cells.control"]) == control
    assert keys(found["cells.best"]) == set(best)
    assert keys(found["cells.monthly"]) == monthly
    assert keys(found["cells.left"]) == {key for day in left.values() for key in day}
    assert keys(found["two_a_day"]) == {key for day in left.values() for key in day[:2]}


def test_sets_of_purchases_and_of_people(stage: Stage, buyers: Any) -> None:
    found = stage.play(
        "sets",
        """
activities:
  dear: {type: build_audience, dimension: purchase, where: amount >= 100}
  whose:
    type: change_dimension
    from: dear
    to: customer
    order: [amount desc]
    add: {most: amount}
  often: {type: build_audience, where: count(purchases) >= 10}
  late: {type: build_audience, where: max(purchases.purchased_on) >= date '1998-06-01'}
  some: {type: combine, mode: intersection, from: [whose, often, late], complement: not_all}
  not_dear: {type: combine, mode: exclusion, from: [often, dear], align: {dear: customer}}
  first_thousand: {type: combine, mode: union, from: [some, late], limit: 1000}
""",
    )
    most = {
        key: max(dollars for *_, dollars in who.bought)
        for key, who in buyers.items()
        if max(dollars for *_, dollars in who.bought) >= 100
    }
    often = {key for key, who in buyers.items() if len(who.bought) >= 10}
    late = {key for key, who in buyers.items() if max(who.bought)[0] >= date(1998, 6, 1)}
    assert {row["customer_id"]: round(row["most"], 2) for row in found["whose"]} == {
        key: float(dollars) for key, dollars in most.items()
    }
    some = set(most) & often & late
    assert keys(found["some"]) == some
    assert keys(found["some.not_all"]) == (set(most) | often | late) - some
    assert keys(found["not_dear"]) == often - set(most)
    rest = sorted(late - some, key=lambda key: (bucket("sets/first_thousand", key), key))
    assert keys(found["first_thousand"]) == some | set(rest[: 1000 - len(some)])
