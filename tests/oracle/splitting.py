"""Parts of a set: shares of a hash, exact ranks, sizes by value, overlaps, shared distributions."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.oracle.case import Answer, campaign
from tests.oracle.combining import last
from tests.oracle.shop import Shop, below, bucket, grouped, total


def share(keys: Iterable[Any], salt: str, start: float, end: float) -> set[Any]:
    """The keys whose chance lies between two parts of all chances."""
    return {
        key for key in keys if below(bucket(salt, key), end) and not below(bucket(salt, key), start)
    }


def drawn(keys: Iterable[Any], salt: str, size: int) -> set[Any]:
    """So many keys, by chance."""
    return set(sorted(keys, key=lambda key: (bucket(salt, key), key))[:size])


@campaign("""
activities:
  everybody: {type: build_audience}
  cells:
    type: split
    from: everybody
    subsets:
      control: {limit: 10%, control: true}
      test: {limit: 12.5%}
      best: {where: "tier in ('gold', 'silver')", limit: 40, order: [sum(orders.amount) desc]}
      some: {limit: 30}
      part: {where: tier = 'bronze', limit: 20% of matched}
    complement: others
  whole: {type: split, from: everybody, subsets: {a: {limit: 30%}, b: {limit: 70%}}}
""")
def shares_and_ranks(shop: Shop) -> Answer:
    salt = "shares_and_ranks/cells"
    control = share(shop.customers, salt, 0, 0.1)
    test = share(shop.customers, salt, 0.1, 0.225)
    left = set(shop.customers) - control - test
    liked = [key for key in left if shop.customers[key]["tier"] in ("gold", "silver")]
    spent = {key: total(shop.orders_of[key], "amount") for key in liked}
    best = set(sorted(liked, key=lambda key: (-round(spent[key], 6), key))[:40])
    some = drawn(left - best, f"{salt}/some", 30)
    bronze = {key for key in left - best - some if shop.customers[key]["tier"] == "bronze"}
    part = share(bronze, f"{salt}/part", 0, 0.2)
    half = share(shop.customers, "shares_and_ranks/whole", 0, 0.3)
    return {
        "cells.control": control,
        "cells.test": test,
        "cells.best": best,
        "cells.some": some,
        "cells.part": part,
        "cells.others": left - best - some - part,
        "whole.a": half,
        "whole.b": set(shop.customers) - half,
    }


@campaign("""
activities:
  everybody: {type: build_audience}
  by_town:
    type: split
    from: everybody
    subsets:
      few: {each: {by: store_id, limit: 3}, order: [last_seen desc]}
      some: {each: {by: language, values: {fr: 10%, de: 7, en: 0}}}
    complement: others
  shared:
    type: split
    from: everybody
    subsets: {here: {order: [birth_date]}}
    distribution: by_store
""")
def sizes_by_value(shop: Shop) -> Answer:
    rows, salt = shop.customers, "sizes_by_value/by_town"
    by_town: dict[Any, list[int]] = defaultdict(list)
    for key in sorted(rows, key=lambda key: (last(rows[key]["last_seen"], descending=True), key)):
        by_town[rows[key]["store_id"]].append(key)
    few = {key for town in by_town.values() for key in town[:3]}
    left = set(rows) - few
    spoken = {word: {k for k in left if rows[k]["language"] == word} for word in ("fr", "de", "en")}
    some = (
        share(spoken["fr"], f"{salt}/some", 0, 0.1)
        | drawn(spoken["de"], f"{salt}/some", 7)
        | spoken["en"]
    )
    oldest = {
        town: sorted(
            found,
            key=lambda c: (last(c["birth_date"] and c["birth_date"].toordinal()), c["customer_id"]),
        )
        for town, found in grouped(rows.values(), "store_id").items()
    }
    half = (2 * len(oldest["lyon"]) * 50 + 100) // 200
    here = [*oldest["paris"][:5], *oldest["lyon"][:half], *oldest["berlin"]]
    return {
        "by_town.few": few,
        "by_town.some": some,
        "by_town.others": left - some,
        "shared.here": {c["customer_id"] for c in here},
    }


@campaign("""
activities:
  everybody: {type: build_audience}
  both:
    type: split
    from: everybody
    overlap: true
    subsets:
      gold: {where: tier = 'gold'}
      fifth: {limit: 20%}
      also_fifth: {limit: 20%}
      old: {limit: 25, order: [birth_date]}
    complement: others
  one_table:
    type: split
    from: everybody
    together: true
    subsets: {gold: {where: tier = 'gold', code: G}, half: {limit: 50%}}
    complement: rest
""")
def overlaps_and_one_table(shop: Shop) -> Answer:
    rows = shop.customers
    gold = shop.who(lambda c: c["tier"] == "gold")
    fifth = share(rows, "overlaps_and_one_table/both", 0, 0.2)
    born = [key for key in rows if rows[key]["birth_date"]]
    old = set(sorted(born, key=lambda key: (rows[key]["birth_date"], key))[:25])
    half = share(rows, "overlaps_and_one_table/one_table", 0, 0.5)
    segment = {
        key: {"segment": "gold" if key in gold else "half" if key in half else "rest"}
        for key in rows
    }
    return {
        "both.gold": gold,
        "both.fifth": fifth,
        "both.also_fifth": fifth,
        "both.old": old,
        "both.others": set(rows) - gold - fifth - old,
        "one_table": segment,
    }


@campaign("""
activities:
  gold: {type: build_audience, where: tier = 'gold'}
  size:
    type: test
    from: gold
    conditions:
      too_many: count() > 10000
      wordless: share(is_empty(first_name)) > 0.5
      with_mobile: count(not is_empty(mobile)) >= 10 and share(email_ok) > 0.3
      never: count() >= 0
    default: right
  after_it: {type: filter, from: size.with_mobile, where: not is_empty(mobile)}
  not_there: {type: filter, from: size.never, where: not is_empty(mobile)}
""")
def branches_and_chance(shop: Shop) -> Answer:
    gold = shop.who(lambda c: c["tier"] == "gold")
    assert sum(bool(shop.customers[key]["mobile"]) for key in gold) >= 10
    return {
        "size.with_mobile": gold,
        "after_it": {key for key in gold if shop.customers[key]["mobile"]},
    }
