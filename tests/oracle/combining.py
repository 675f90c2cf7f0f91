"""Sets and what is left of them: unions, intersections, exclusions, duplicates, dimensions."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.oracle.case import Answer, campaign
from tests.oracle.shop import Row, Shop, bucket, grouped, years_old

_NEVER = (1, 0)


def last(value: Any, descending: bool = False) -> tuple[int, Any]:
    """A sort key with empty values at the end; numbers and instants may descend."""
    if value is None:
        return _NEVER
    if descending:
        value = -(value.timestamp() if hasattr(value, "timestamp") else value)
    return (0, value)


@campaign("""
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  gold_known: {type: enrichment, from: gold, add: {town: store_id, why: "'gold'"}}
  recent: {type: build_audience, where: last_seen >= days_ago(20)}
  recent_known: {type: enrichment, from: recent, add: {town: store_id}}
  either: {type: combine, mode: union, from: [gold_known, recent_known]}
  a_town_each: {type: combine, mode: union, from: [gold_known, recent_known], by: [town]}
""")
def unions(shop: Shop) -> Answer:
    gold = shop.who(lambda c: c["tier"] == "gold")
    recent = shop.who(lambda c: c["last_seen"] and c["last_seen"] >= shop.days_ago(20))
    towns = {shop.customers[key]["store_id"] for key in gold} - {None}
    new = {key for key in recent - gold if shop.customers[key]["store_id"] not in towns}
    either = {
        key: {"town": shop.customers[key]["store_id"], "why": "gold" if key in gold else None}
        for key in gold | recent
    }
    return {"either": either, "a_town_each": gold | new}


@campaign("""
activities:
  buyers: {type: build_audience, where: "count(orders) >= 4"}
  young: {type: build_audience, where: years_old(birth_date) < 45}
  reachable: {type: build_audience, where: email_ok}
  all_three:
    type: combine
    mode: intersection
    from: [buyers, young, reachable]
    complement: others
  a_few: {type: combine, mode: union, from: [all_three, buyers, young], limit: 120}
  a_third: {type: combine, mode: exclusion, from: [reachable, buyers], limit: 33%, complement: left}
""")
def intersections_and_limits(shop: Shop) -> Answer:
    buyers = shop.who(lambda c: len(shop.orders_of[c["customer_id"]]) >= 4)
    young = shop.who(lambda c: c["birth_date"] and years_old(c["birth_date"], shop.today()) < 45)
    yes = shop.who(lambda c: c["email_ok"])
    inner = buyers & young & yes
    salt = "intersections_and_limits/a_few"
    queue = [
        key
        for part in (inner, buyers - inner, young - buyers - inner)
        for key in sorted(part, key=lambda key: (bucket(salt, key), key))
    ]
    free = yes - buyers
    third = sorted(free, key=lambda key: (bucket("intersections_and_limits/a_third", key), key))[
        : int(len(free) * 0.33 + 0.5)
    ]
    return {
        "all_three": inner,
        "all_three.others": (buyers | young | yes) - inner,
        "a_few": set(queue[:120]),
        "a_third": set(third),
        "a_third.left": yes - set(third),
    }


@campaign("""
activities:
  reachable: {type: build_audience, where: email_ok}
  running: {type: build_audience, dimension: contract, where: status = 'active'}
  bills: {type: build_audience, dimension: contract, where: not is_empty(billing_email)}
  free:
    type: combine
    mode: exclusion
    from: [reachable, running]
    align: {running: customer}
    complement: bound
  paid_elsewhere:
    type: combine
    mode: intersection
    from: [reachable, bills]
    align: {bills: {customer_id: customer_id}}
""")
def aligned_sets(shop: Shop) -> Answer:
    yes = shop.who(lambda c: c["email_ok"])
    running = {c["customer_id"] for c in shop.contracts.values() if c["status"] == "active"}
    bills = {c["customer_id"] for c in shop.contracts.values() if c["billing_email"]}
    return {
        "free": yes - running,
        "free.bound": yes & running,
        "paid_elsewhere": yes & bills,
    }


def _firsts(
    rows: list[Row], by: Callable[[Row], Any], order: Callable[[Row], Any], keep: int
) -> set[Any]:
    """The first of each group of equals; rows without a value are nobody's duplicates."""
    groups: dict[Any, list[int]] = {}
    for row in sorted(rows, key=order):
        if by(row):
            groups.setdefault(by(row), []).append(row["customer_id"])
    alone = {row["customer_id"] for row in rows if not by(row)}
    return alone | {key for group in groups.values() for key in group[:keep]}


@campaign("""
activities:
  everybody: {type: build_audience}
  one_each:
    type: deduplication
    from: everybody
    by: [lower(trim(email))]
    order: [last_seen desc]
    complement: doubles
  two_a_town:
    type: deduplication
    from: everybody
    by: [store_id, tier]
    keep: 2
    order: ["is_empty(mobile)", "rank_of(language, 'fr', 'de')", birth_date]
  all_kept: {type: deduplication, from: everybody, by: [store_id], keep: 0}
  by_chance: {type: deduplication, from: everybody, by: [first_name]}
""")
def deduplications(shop: Shop) -> Answer:
    rows = list(shop.customers.values())
    one = _firsts(
        rows,
        lambda c: (c["email"] or "").strip(" ").lower(),
        lambda c: (last(c["last_seen"], descending=True), c["customer_id"]),
        1,
    )
    ranks = {"fr": 1, "de": 2}
    two = _firsts(
        rows,
        lambda c: c["store_id"] and c["tier"] and (c["store_id"], c["tier"]),
        lambda c: (
            not c["mobile"],
            last(ranks.get(c["language"])),
            last(c["birth_date"]),
            c["customer_id"],
        ),
        2,
    )
    drawn = _firsts(
        rows,
        lambda c: c["first_name"],
        lambda c: (bucket("deduplications/by_chance", c["customer_id"]), c["customer_id"]),
        1,
    )
    return {
        "one_each": one,
        "one_each.doubles": set(shop.customers) - one,
        "two_a_town": two,
        "all_kept": set(shop.customers),
        "by_chance": drawn,
    }


@campaign("""
dimension: contract
activities:
  ending:
    type: build_audience
    where:
      - status = 'active' and end_date between today() and add_days(today(), 250)
      - customer.email_ok
  holders: {type: change_dimension, from: ending, to: customer, order: [fee desc], add: {cost: fee}}
  lost: {type: build_audience, where: "not plan = 'club'"}
  all_holders: {type: change_dimension, from: lost, to: customer, complement: gave_way}
  others: {type: filter, from: holders, where: tier != 'bronze' and cost > 8}
""")
def contracts(shop: Shop) -> Answer:
    today = shop.today()

    def ending(contract: Row) -> bool:
        end, holder = contract["end_date"], shop.customers.get(contract["customer_id"], {})
        soon = end is not None and 0 <= (end - today).days <= 250
        return bool(contract["status"] == "active" and soon and holder.get("email_ok"))

    rows = {key: c for key, c in shop.contracts.items() if ending(c)}
    held = {
        holder: {"cost": min(owned, key=lambda c: last(c["fee"], descending=True))["fee"]}
        for holder, owned in grouped(rows.values(), "customer_id").items()
    }
    lost = [c for c in shop.contracts.values() if c["plan"] != "club"]
    return {
        "ending": set(rows),
        "holders": held,
        "others": {
            key
            for key, c in held.items()
            if shop.customers[key]["tier"] != "bronze" and (c["cost"] or 0) > 8
        },
        "all_holders": {c["customer_id"] for c in lost} - {None},
        "all_holders.unmatched": {c["contract_id"] for c in lost if c["customer_id"] is None},
    }


@campaign("""
dimension: order
activities:
  dear: {type: build_audience, where: amount > 120 or placed_at is null}
  buyers:
    type: change_dimension
    from: dear
    to: customer
    keep: 2
    order: [amount desc, placed_at]
    add: {paid: amount}
    complement: gave_way
  every: {type: change_dimension, from: dear, to: customer, keep: all, add: {paid: amount}}
  few: {type: filter, from: dear, where: customer.tier = 'gold'}
  first: {type: change_dimension, from: few, to: customer, order: [placed_at], add: {paid: amount}}
""")
def orders_to_customers(shop: Shop) -> Answer:
    dear = [o for o in shop.orders.values() if (o["amount"] or 0) > 120 or not o["placed_at"]]
    owned = grouped(dear, "customer_id")

    def rank(order: Row) -> tuple:
        dear_first = last(order["amount"], descending=True)
        return (dear_first, last(order["placed_at"]), order["order_id"])

    kept = [o for orders in owned.values() for o in sorted(orders, key=rank)[:2]]
    gave_way = {o["order_id"] for orders in owned.values() for o in sorted(orders, key=rank)[2:]}
    firsts = {
        key: min(orders, key=lambda o: (last(o["placed_at"]), o["order_id"]))
        for key, orders in owned.items()
        if shop.customers[key]["tier"] == "gold"
    }
    return {
        "buyers": _pairs(kept),
        "buyers.gave_way": gave_way,
        "buyers.unmatched": {o["order_id"] for o in dear if o["customer_id"] is None},
        "every": _pairs([o for orders in owned.values() for o in orders]),
        "first": {key: {"paid": o["amount"]} for key, o in firsts.items()},
    }


def _pairs(orders: list[Row]) -> list[dict[str, Any]]:
    assert max(Counter(o["customer_id"] for o in orders).values()) > 1
    return [
        {name: o[name] for name in ("customer_id", "order_id")} | {"paid": o["amount"]}
        for o in orders
    ]
