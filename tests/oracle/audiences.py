"""Who is in: rules over linked rows, aggregates, same rows, trees, filters, time zones."""

from datetime import timedelta

from tests.oracle.case import Answer, campaign
from tests.oracle.shop import Shop, local, total, years_old


@campaign("""
activities:
  shod:
    type: build_audience
    where:
      - store.country = 'FR'
      - >-
        exists(orders, status = 'paid'
        and exists(lines, product.category = 'shoes' and quantity >= 2))
""")
def deep_links(shop: Shop) -> Answer:
    def shod(order: dict) -> bool:
        return order["status"] == "paid" and any(
            shop.category(line) == "shoes" and (line["quantity"] or 0) >= 2
            for line in shop.lines_of[order["order_id"]]
        )

    french = {key for key, store in shop.stores.items() if store["country"] == "FR"}
    return {
        "shod": shop.who(
            lambda c: c["store_id"] in french and any(map(shod, shop.orders_of[c["customer_id"]]))
        )
    }


@campaign("""
activities:
  loyal:
    type: build_audience
    where: >-
      sum(orders.amount, status = 'paid' and placed_at >= days_ago(365)) > 250
      and count(orders) >= 3 and not exists(orders, status = 'refunded')
  known:
    type: enrichment
    from: loyal
    add:
      spent: sum(orders.amount)
      mean: avg(orders.amount)
      least: min(orders.amount)
      latest: max(orders.placed_at)
      shops: count_distinct(orders.store_id)
      dear: count(orders, amount > 100)
      first_amount: first(orders.amount, placed_at, not placed_at is null)
""")
def aggregates(shop: Shop) -> Answer:
    def loyal(customer: dict) -> bool:
        orders = shop.orders_of[customer["customer_id"]]
        recent = [
            order
            for order in orders
            if order["status"] == "paid"
            and order["placed_at"]
            and order["placed_at"] >= shop.days_ago(365)
        ]
        refunded = any(order["status"] == "refunded" for order in orders)
        return total(recent, "amount") > 250 and len(orders) >= 3 and not refunded

    found = {}
    for key in shop.who(loyal):
        orders = shop.orders_of[key]
        amounts = [order["amount"] for order in orders if order["amount"] is not None]
        dated = sorted((o for o in orders if o["placed_at"]), key=lambda o: o["placed_at"])
        found[key] = {
            "spent": sum(amounts),
            "mean": sum(amounts) / len(amounts),
            "least": min(amounts),
            "latest": dated[-1]["placed_at"],
            "shops": len({order["store_id"] for order in orders}),
            "dear": sum(amount > 100 for amount in amounts),
            "first_amount": dated[0]["amount"],
        }
    return {"known": found, "loyal": set(found)}


@campaign("""
activities:
  one_order: {type: build_audience, where: "exists(orders, amount > 150 and status = 'cancelled')"}
  any_orders:
    type: build_audience
    where: exists(orders, amount > 150) and exists(orders, status = 'cancelled')
  both_products:
    type: build_audience
    where: "exists(orders, exists(lines, product.category = 'shoes')
            and exists(lines, product.category = 'bags'))"
  bought_both:
    type: build_audience
    where: "exists(orders.lines, product.category = 'shoes')
            and exists(orders.lines, product.category = 'bags')"
  at_home: {type: build_audience, where: "exists(orders, store_id = customer.store_id)"}
""")
def same_row(shop: Shop) -> Answer:
    def categories(order: dict) -> set:
        return {shop.category(line) for line in shop.lines_of[order["order_id"]]}

    both = {"shoes", "bags"}
    found: Answer = {
        name: set() for name in ("one_order", "any_orders", "both_products", "bought_both")
    }
    for key in shop.customers:
        orders = shop.orders_of[key]
        dear = [order for order in orders if (order["amount"] or 0) > 150]
        void = [order for order in orders if order["status"] == "cancelled"]
        holds = {
            "one_order": any(order in void for order in dear),
            "any_orders": bool(dear and void),
            "both_products": any(both <= categories(order) for order in orders),
            "bought_both": both <= set().union(*map(categories, orders)),
        }
        for name, true in holds.items():
            if true:
                found[name].add(key)
    found["at_home"] = shop.who(
        lambda c: c["store_id"] in {o["store_id"] for o in shop.orders_of[c["customer_id"]]}
    )
    return found


@campaign("""
activities:
  chosen:
    type: build_audience
    where:
      all:
        - any:
            - tier in ('gold', 'silver')
            - all: [last_seen >= days_ago(60), "mobile like '+33 6 1%'"]
            - any: [years_old(birth_date) >= 70]
        - email_ok
      except:
        - language = 'de'
        - all: [is_empty(mobile), is_empty(first_name)]
""")
def trees(shop: Shop) -> Answer:
    def chosen(c: dict) -> bool:
        recent = c["last_seen"] and c["last_seen"] >= shop.days_ago(60)
        mobile = (c["mobile"] or "").startswith("+33 6 1")
        old = c["birth_date"] and years_old(c["birth_date"], shop.today()) >= 70
        some = c["tier"] in ("gold", "silver") or (recent and mobile) or old
        without = c["language"] == "de" or not (c["mobile"] or c["first_name"])
        return bool(some and c["email_ok"] and not without)

    return {"chosen": shop.who(chosen)}


@campaign("""
activities:
  not_gold: {type: build_audience, where: tier != 'gold'}
  not_listed: {type: build_audience, where: "tier not in ('gold', 'silver')"}
  not_like: {type: build_audience, where: "email not like '%example.com'"}
  not_between:
    type: build_audience
    where: not birth_date between date '1950-01-01' and date '1980-12-31'
  not_yes: {type: build_audience, where: not email_ok}
  nobody_knows:
    type: build_audience
    where: tier is null or birth_date is null and last_seen is null
  not_both: {type: build_audience, where: "not (tier = 'bronze' and email_ok)"}
""")
def nothing_is_no_trap(shop: Shop) -> Answer:
    def between(c: dict) -> bool:
        born = c["birth_date"]
        return bool(born and (1950, 1, 1) <= (born.year, born.month, born.day) <= (1980, 12, 31))

    return {
        "not_gold": shop.who(lambda c: c["tier"] != "gold"),
        "not_listed": shop.who(lambda c: c["tier"] not in ("gold", "silver")),
        "not_like": shop.who(lambda c: not (c["email"] or "").endswith("example.com")),
        "not_between": shop.who(lambda c: not between(c)),
        "not_yes": shop.who(lambda c: not c["email_ok"]),
        "nobody_knows": shop.who(
            lambda c: c["tier"] is None or (c["birth_date"] is None and c["last_seen"] is None)
        ),
        "not_both": shop.who(lambda c: not (c["tier"] == "bronze" and c["email_ok"])),
    }


@campaign("""
parameters: {least: {type: number, default: 500}}
activities:
  spenders: {type: build_audience, where: spends(least => param.least) and reachable()}
  void: {type: build_audience, where: "spends(state => 'cancelled', least => 50)"}
  big_orders:
    type: build_audience
    where: count(orders, big()) >= 2 and not exists(orders, big(least => 400))
""")
def named_filters(shop: Shop) -> Answer:
    def spent(c: dict, status: str) -> float:
        orders = shop.orders_of[c["customer_id"]]
        return total((o for o in orders if o["status"] == status), "amount")

    def reachable(c: dict) -> bool:
        before, _, after = (c["email"] or "").partition("@")
        return bool(before and after and c["email_ok"])

    def big(c: dict) -> bool:
        amounts = [o["amount"] or 0 for o in shop.orders_of[c["customer_id"]]]
        return sum(a >= 200 for a in amounts) >= 2 and max(amounts) < 400

    return {
        "spenders": shop.who(lambda c: spent(c, "paid") >= 500 and reachable(c)),
        "void": shop.who(lambda c: spent(c, "cancelled") >= 50),
        "big_orders": shop.who(big),
    }


def _by_zone(zone: str) -> None:
    """The same questions, asked where the day begins at another instant."""

    def answer(shop: Shop) -> Answer:
        recent = timedelta(days=200)
        evening = {
            key: {
                "hours": local(c["last_seen"], zone).hour,
                "day": local(c["last_seen"], zone).date(),
            }
            for key, c in shop.customers.items()
            if c["last_seen"] and c["last_seen"] >= shop.days_ago(recent.days, zone)
        }
        weekend = {
            key
            for key in shop.customers
            if any(
                o["placed_at"] and local(o["placed_at"], zone).isoweekday() >= 6
                for o in shop.orders_of[key]
            )
        }
        late = {
            key
            for key, order in shop.orders.items()
            if order["placed_at"]
            and local(order["placed_at"], zone).date() == shop.today(zone) - timedelta(days=40)
        }
        return {"evening": evening, "weekend": weekend, "late": late}

    answer.__name__ = f"in_{zone.rpartition('/')[2].lower()}"
    campaign(f"""
schedule: {{once: 2030-01-01 09:00, timezone: {zone}}}
activities:
  seen: {{type: build_audience, where: last_seen >= days_ago(200)}}
  evening:
    type: enrichment
    from: seen
    add: {{hours: hour(last_seen), day: date_of(last_seen)}}
  weekend: {{type: build_audience, where: "exists(orders, weekday(placed_at) >= 6)"}}
  late: {{type: build_audience, dimension: order, where: date_of(placed_at) = days_ago(40)}}
""")(answer)


for _zone in ("Pacific/Auckland", "Pacific/Honolulu"):
    _by_zone(_zone)
