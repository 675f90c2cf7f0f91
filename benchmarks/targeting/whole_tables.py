"""The same steps as tutorials write them: frames in, frames out, whole tables in between."""

from collections.abc import Callable, Mapping
from hashlib import md5
from pathlib import Path
from typing import Any

import pandas as pd

NOW = pd.Timestamp("2026-11-22")
KEY = "customer_id"


def buyers(customer: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    paid = order[(order.status == "paid") & (order.placed_at >= NOW - pd.Timedelta(days=365))]
    spent = paid.groupby(KEY).amount.sum()
    found = customer.merge(spent[spent > 100].rename("spent"), left_on=KEY, right_index=True)
    return found[found.email.notna() & (found.email != "")][[KEY]]


def loyal(customer: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    recent = order[(order.status == "paid") & (order.placed_at >= NOW - pd.Timedelta(days=90))]
    return customer[(customer.tier == "gold") & customer[KEY].isin(recent[KEY])][[KEY]]


def troubled(customer: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    returned = order[order.status == "returned"].groupby(KEY).size()
    often = customer[KEY].isin(returned[returned >= 2].index)
    return customer[(customer.email_ok != True) | often][[KEY]]  # noqa: E712  a column of objects


def reachable(buyers: pd.DataFrame, customer: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    found = buyers.merge(customer, on=KEY)
    recent = order[order.placed_at >= NOW - pd.Timedelta(days=30)]
    seen = found.last_seen >= NOW - pd.Timedelta(days=400)
    near = found.country.isin(["FR", "DE", "NL", "BE"])
    return found[near & (seen | found[KEY].isin(recent[KEY]))][[KEY]]


def either(reachable: pd.DataFrame, loyal: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([reachable, loyal]).drop_duplicates(KEY)


def clean(either: pd.DataFrame, troubled: pd.DataFrame) -> pd.DataFrame:
    return either[~either[KEY].isin(troubled[KEY])]


def one_each(clean: pd.DataFrame, customer: pd.DataFrame) -> dict[str, pd.DataFrame]:
    found = clean.merge(customer, on=KEY).sort_values(["last_seen", KEY], ascending=[False, True])
    address = found.email.str.lower()
    twin = address.duplicated() & address.notna() & (address != "")
    return {"": found[~twin][[KEY]], "twins": found[twin][[KEY]]}


def known(
    one_each: pd.DataFrame, customer: pd.DataFrame, store: pd.DataFrame, order: pd.DataFrame
) -> pd.DataFrame:
    found = one_each.merge(customer, on=KEY).merge(store, on="store_id", how="left")
    sums = order.groupby(KEY).agg(
        orders_made=("order_id", "size"), spent=("amount", "sum"), last_order=("placed_at", "max")
    )
    found = found.merge(sums, left_on=KEY, right_index=True, how="left")
    found = found.fillna({"orders_made": 0, "spent": 0.0})
    found["orders_made"] = found.orders_made.astype("int64")
    found["greeting"] = found.first_name.fillna("friend")
    return found[[KEY, "greeting", "city", "orders_made", "spent", "last_order"]]


def cells(known: pd.DataFrame) -> dict[str, pd.DataFrame]:
    chance = [md5(f"season/cells\x1f{key}".encode()).hexdigest()[:8] for key in known[KEY]]
    drawn = pd.Series(chance, index=known.index) < "1999999a"
    rich = known[~drawn & (known.spent >= 500)].sort_values(["spent", KEY], ascending=[False, True])
    vip = rich.head(int(len(rich) * 0.3 + 0.5))
    others = known[~drawn & ~known[KEY].isin(vip[KEY])]
    return {"control": known[drawn], "vip": vip, "others": others}


def engaged(others: pd.DataFrame, customer: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    late = others[others.last_order >= NOW - pd.Timedelta(days=180)]
    made = late[[KEY]].merge(customer[[KEY, "store_id"]], on=KEY).merge(order, on=KEY)
    same = made.store_id_x.notna() & (made.store_id_x == made.store_id_y)
    return late[late[KEY].isin(made[~same][KEY])]


def chosen(vip: pd.DataFrame, engaged: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([vip, engaged]).drop_duplicates(KEY)


def keep(chosen: pd.DataFrame) -> pd.DataFrame:
    return chosen


# Each step, and what it is given.
STEPS: tuple[tuple[Callable[..., Any], tuple[str, ...]], ...] = (
    (buyers, ("customer", "order")),
    (loyal, ("customer", "order")),
    (troubled, ("customer", "order")),
    (reachable, ("buyers", "customer", "order")),
    (either, ("reachable", "loyal")),
    (clean, ("either", "troubled")),
    (one_each, ("clean", "customer")),
    (known, ("one_each", "customer", "store", "order")),
    (cells, ("known",)),
    (engaged, ("cells.others", "customer", "order")),
    (chosen, ("cells.vip", "engaged")),
    (keep, ("chosen",)),
)


class FrameManager:
    """What an I/O manager does: a table is read whole for each step, and written whole after it."""

    def __init__(self, data: Path, folder: Path) -> None:
        self._folder = folder
        self.paths = {file.stem: file for file in data.glob("*.parquet")}

    def load_input(self, name: str) -> pd.DataFrame:
        """The whole table."""
        return pd.read_parquet(self.paths[name])

    def handle_output(self, name: str, frame: pd.DataFrame) -> None:
        """The whole frame, as a file."""
        self.paths[name] = self._folder / f"{name}.parquet"
        frame.to_parquet(self.paths[name], index=False, compression="zstd")


def work(given: Mapping[str, Any]) -> Callable[[], dict[str, str]]:
    """Run the steps over `data`; each output becomes a Parquet file in `folder`."""
    folder = Path(given["folder"])
    folder.mkdir(parents=True)
    manager = FrameManager(Path(given["data"]), folder)
    sources = set(manager.paths)

    def run() -> dict[str, str]:
        for step, inputs in STEPS:
            made = step(*(manager.load_input(name) for name in inputs))
            outputs = made if isinstance(made, dict) else {"": made}
            for name, frame in outputs.items():
                manager.handle_output(f"{step.__name__}.{name}".rstrip("."), frame)
        return {name: str(path) for name, path in manager.paths.items() if name not in sources}

    return run
