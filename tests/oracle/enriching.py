"""Columns that rows gain: aggregates, lines, links of their own, windows, matches of strangers."""

from collections import defaultdict
from statistics import stdev
from typing import Any

from tests.oracle.case import Answer, campaign
from tests.oracle.combining import last
from tests.oracle.shop import Row, Shop, grouped, total


@campaign("""
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  known:
    type: enrichment
    from: gold
    add:
      last_orders:
        lines: orders
        take: 2
        where: status = 'paid'
        order: [placed_at desc]
        columns: {number: order_id, price: amount, shop: store.city}
      name: "join_words(first_name, upper(last_name))"
      town: coalesce(store.city, 'nowhere')
      spread: stddev(orders.amount)
      mark: case when count(orders) > 3 then 'many' when exists(orders) then 'some' else 'none' end
      points: count(orders)
  short: {type: enrichment, from: known, drop: [name, spread]}
  second: {type: filter, from: known, where: last_orders_2_price > 50}
""")
def lines_and_values(shop: Shop) -> Answer:
    found = {}
    for key in shop.who(lambda c: c["tier"] == "gold"):
        customer, orders = shop.customers[key], shop.orders_of[key]
        paid = sorted(
            (o for o in orders if o["status"] == "paid"),
            key=lambda o: (last(o["placed_at"], descending=True), o["order_id"]),
        )[:2]
        store = shop.stores.get(customer["store_id"])
        amounts = [o["amount"] for o in orders if o["amount"] is not None]
        prices = [o["amount"] for o in paid] + [None, None]
        numbers = [o["order_id"] for o in paid] + [None, None]
        words = (customer["first_name"], (customer["last_name"] or "").upper())
        found[key] = {
            "last_orders_1_price": prices[0],
            "last_orders_2_price": prices[1],
            "last_orders_2_number": numbers[1],
            "last_orders_1_shop": shop.stores[paid[0]["store_id"]]["city"] if paid else None,
            "name": " ".join(word for word in words if word),
            "town": store["city"] if store else "nowhere",
            "spread": stdev(amounts) if len(amounts) > 1 else None,
            "points": len(orders),
            "mark": "many" if len(orders) > 3 else "some" if orders else "none",
        }
    second = {key for key, c in found.items() if (c["last_orders_2_price"] or 0) > 50}
    return {"known": found, "second": second, "short": set(found)}


@campaign("""
activities:
  running: {type: build_audience, dimension: contract, where: status = 'active'}
  priced: {type: enrichment, from: running, add: {yearly: "round(fee * 12, 2)"}}
  people: {type: build_audience, where: email_ok}
  known:
    type: enrichment
    from: people
    links:
      mine: {from: priced, match: {customer_id: contract.customer_id}, cardinality: many}
      home: {entity: store, match: {store_id: store_id}, cardinality: optional}
    add:
      how_many: count(mine)
      yearly: sum(mine.yearly)
      dear: exists(mine, yearly > 200)
      land: home.country
  bound: {type: filter, from: known, where: how_many > 0 and land = 'FR'}
""")
def links_of_its_own(shop: Shop) -> Answer:
    running = grouped(
        (c for c in shop.contracts.values() if c["status"] == "active"), "customer_id"
    )
    found = {}
    for key in shop.who(lambda c: c["email_ok"]):
        yearly = [round(c["fee"] * 12, 2) for c in running.get(key, []) if c["fee"] is not None]
        store = shop.stores.get(shop.customers[key]["store_id"], {})
        found[key] = {
            "how_many": len(running.get(key, [])),
            "yearly": sum(yearly),
            "dear": any(value > 200 for value in yearly),
            "land": store.get("country"),
        }
    bound = {key for key, c in found.items() if c["how_many"] and c["land"] == "FR"}
    return {"known": found, "bound": bound}


@campaign("""
activities:
  some: {type: build_audience, where: "not is_empty(store_id)"}
  spent: {type: enrichment, from: some, add: {spent: sum(orders.amount), town: store_id}}
  ranked:
    type: enrichment
    from: spent
    add:
      place: "rank(order => desc(spent), by => town)"
      dense: "dense_rank(order => desc(spent), by => town)"
      number: "row_number(order => desc(spent), by => town)"
      part: "tile(4, order => desc(spent))"
  first_three: {type: filter, from: ranked, where: number <= 3}
""")
def windows(shop: Shop) -> Answer:
    spent = {
        key: round(total(shop.orders_of[key], "amount"), 6)
        for key in shop.who(lambda c: c["store_id"])
    }
    found: dict[Any, dict[str, Any]] = defaultdict(dict)
    queue = sorted(spent, key=lambda key: (-spent[key], key))
    for place, key in enumerate(queue):
        size, extra = divmod(len(queue), 4)
        longer = (size + 1) * extra
        part = place // (size + 1) if place < longer else extra + (place - longer) // size
        found[key]["part"] = part + 1
    for rows in grouped((shop.customers[key] for key in spent), "store_id").values():
        keys = sorted((c["customer_id"] for c in rows), key=lambda key: (-spent[key], key))
        for number, key in enumerate(keys, start=1):
            more = [spent[other] for other in keys if spent[other] > spent[key]]
            found[key] |= {"place": len(more) + 1, "dense": len(set(more)) + 1, "number": number}
    return {
        "ranked": dict(found),
        "first_three": {key for key, row in found.items() if row["number"] <= 3},
    }


@campaign("""
activities:
  dear: {type: build_audience, dimension: order, where: amount > 60}
  mailed: {type: enrichment, from: dear, add: {who: "lower(trim(customer.email))"}}
  known:
    type: reconciliation
    from: mailed
    dimension: customer
    match: {who: "lower(trim(email))"}
    where: not status = 'cancelled'
  chosen:
    type: reconciliation
    from: mailed
    dimension: customer
    match: {who: "lower(trim(email))"}
    order: [last_seen desc]
    unmatched: drop
""")
def strangers(shop: Shop) -> Answer:
    def address(customer: Row | None) -> str:
        return ((customer or {}).get("email") or "").strip(" ").lower()

    people: dict[str, list[Row]] = defaultdict(list)
    for customer in shop.customers.values():
        people[address(customer)].append(customer)
    found: list[Row] = []
    reasons, chosen = {}, []
    for key, order in shop.orders.items():
        if (order["amount"] or 0) <= 60:
            continue
        who = address(shop.customers.get(order["customer_id"]))
        several = people[who] if who else []
        reason = "empty" if not who else "ambiguous" if len(several) > 1 else None
        if order["status"] == "cancelled":
            reason = "not_tried"
        if reason:
            reasons[key] = {"reason": reason}
        match = several[0]["customer_id"] if not reason else None
        found.append({"customer_id": match, "who": who or None})
        if several:
            first = min(
                several,
                key=lambda c: (last(c["last_seen"], descending=True), c["customer_id"]),
            )
            chosen.append({"customer_id": first["customer_id"], "who": who})
    assert {row["reason"] for row in reasons.values()} == {"empty", "ambiguous", "not_tried"}
    return {"known": found, "known.unmatched": reasons, "chosen": chosen}
