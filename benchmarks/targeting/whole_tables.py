"""The same steps as tutorials write them: frames of whole rows in, frames out, files in between.

Each step reads the tables it is given whole and hands on whole rows, as one does with an I/O
manager; pandas' own defaults choose the types and the compression.
"""

from collections.abc import Callable, Mapping
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

NOW = pd.Timestamp("2026-11-22")
KEY = "customer_id"


def buyers(customer: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    paid = order[(order.status == "paid") & (order.placed_at >= NOW - pd.Timedelta(days=365))]
    spent = paid.groupby(KEY).amount.sum()
    rich = customer[KEY].isin(spent[spent > 100].index)
    return customer[rich & customer.email.notna() & (customer.email != "")]


def loyal(customer: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    recent = order[(order.status == "paid") & (order.placed_at >= NOW - pd.Timedelta(days=90))]
    return customer[(customer.tier == "gold") & customer[KEY].isin(recent[KEY])]


def troubled(customer: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    returned = order[order.status == "returned"].groupby(KEY).size()
    often = customer[KEY].isin(returned[returned >= 2].index)
    willing = customer.email_ok.eq(True).fillna(False).astype(bool)
    return customer[~willing | often]


def reachable(buyers: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    recent = order[order.placed_at >= NOW - pd.Timedelta(days=30)]
    seen = buyers.last_seen >= NOW - pd.Timedelta(days=400)
    near = buyers.country.isin(["FR", "DE", "NL", "BE"])
    return buyers[near & (seen | buyers[KEY].isin(recent[KEY]))]


def either(reachable: pd.DataFrame, loyal: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([reachable, loyal]).drop_duplicates(KEY)


def clean(either: pd.DataFrame, troubled: pd.DataFrame) -> pd.DataFrame:
    return either[~either[KEY].isin(troubled[KEY])]


def one_each(clean: pd.DataFrame) -> dict[str, pd.DataFrame]:
    found = clean.sort_values(["last_seen", KEY], ascending=[False, True])
    address = found.email.str.lower()
    twin = address.duplicated() & address.notna() & (address != "")
    return {"": found[~twin], "twins": found[twin]}


def known(one_each: pd.DataFrame, store: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    found = one_each.merge(store, on="store_id", how="left")
    sums = order.groupby(KEY).agg(
        orders_made=("order_id", "size"), spent=("amount", "sum"), last_order=("placed_at", "max")
    )
    found = found.merge(sums, left_on=KEY, right_index=True, how="left")
    found = found.fillna({"orders_made": 0, "spent": 0.0})
    found["orders_made"] = found.orders_made.astype("int64")
    found["greeting"] = found.first_name.fillna("friend")
    return found


def cells(known: pd.DataFrame) -> dict[str, pd.DataFrame]:
    chance = [md5(f"season/cells\x1f{key}".encode()).hexdigest()[:8] for key in known[KEY]]
    drawn = pd.Series(chance, index=known.index) < "1999999a"
    rich = known[~drawn & (known.spent >= 500)].sort_values(["spent", KEY], ascending=[False, True])
    vip = rich.head(int(len(rich) * 0.3 + 0.5))
    others = known[~drawn & ~known[KEY].isin(vip[KEY])]
    return {"control": known[drawn], "vip": vip, "others": others}


def engaged(others: pd.DataFrame, order: pd.DataFrame) -> pd.DataFrame:
    late = others[others.last_order >= NOW - pd.Timedelta(days=180)]
    made = late[[KEY, "store_id"]].merge(order[[KEY, "store_id"]], on=KEY)
    same = made.store_id_x.notna() & (made.store_id_x == made.store_id_y)
    return late[late[KEY].isin(made[~same.fillna(False)][KEY])]


def chosen(vip: pd.DataFrame, engaged: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([vip, engaged]).drop_duplicates(KEY)


def keep(chosen: pd.DataFrame) -> pd.DataFrame:
    return chosen


# Each step, and what it is given.
STEPS: tuple[tuple[Callable[..., Any], tuple[str, ...]], ...] = (
    (buyers, ("customer", "order")),
    (loyal, ("customer", "order")),
    (troubled, ("customer", "order")),
    (reachable, ("buyers", "order")),
    (either, ("reachable", "loyal")),
    (clean, ("either", "troubled")),
    (one_each, ("clean",)),
    (known, ("one_each", "store", "order")),
    (cells, ("known",)),
    (engaged, ("cells.others", "order")),
    (chosen, ("cells.vip", "engaged")),
    (keep, ("chosen",)),
)


class FilesManager:
    """A table is read whole for each step, and written whole after it, as a Parquet file."""

    def __init__(self, data: Path, folder: Path) -> None:
        self._folder = folder
        self._paths = {file.stem: file for file in data.glob("*.parquet")}
        self._sources = set(self._paths)

    def load_input(self, name: str) -> pd.DataFrame:
        """The whole table."""
        return pd.read_parquet(self._paths[name])

    def handle_output(self, name: str, frame: pd.DataFrame) -> None:
        """The whole frame, as a file."""
        self._paths[name] = self._folder / f"{name}.parquet"
        frame.to_parquet(self._paths[name], index=False)

    def tables(self) -> dict[str, str]:
        """The file of each output."""
        return {n: str(path) for n, path in self._paths.items() if n not in self._sources}


class DuckDBManager:
    """The same with tables of a DuckDB file, by the statements of Dagster's pandas I/O manager.

    That package cannot be installed beside pandas 3. As there, each table has its own connection.
    """

    def __init__(self, data: Path, folder: Path) -> None:
        self._folder = folder
        self._file = str(folder / "tables.duckdb")
        self._made: list[str] = []
        with duckdb.connect(self._file) as connection:
            for file in data.glob("*.parquet"):
                connection.execute(f"CREATE TABLE \"{file.stem}\" AS SELECT * FROM '{file}'")

    def load_input(self, name: str) -> pd.DataFrame:
        """The whole table."""
        with duckdb.connect(self._file) as connection:
            return connection.execute(f'SELECT * FROM "{name}"').fetchdf()

    def handle_output(self, name: str, frame: pd.DataFrame) -> None:
        """The whole frame, as a table."""
        self._made.append(name)
        with duckdb.connect(self._file) as connection:
            connection.register("obj", frame)
            connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM obj')

    def tables(self) -> dict[str, str]:
        """The name of each output; `export` makes files of them."""
        return {name: name for name in self._made}


def export(given: Mapping[str, Any]) -> dict[str, str]:
    """Write the outputs in a DuckDB file of `folder` as Parquet files, to be compared."""
    folder = Path(given["folder"])
    found = {name: str(folder / f"{name}.parquet") for name in given["tables"]}
    with duckdb.connect(str(folder / "tables.duckdb")) as connection:
        for name, file in found.items():
            connection.execute(f"COPY \"{name}\" TO '{file}' (FORMAT parquet)")
    return found


def work(given: Mapping[str, Any]) -> Callable[[], dict[str, str]]:
    """Run the steps over `data`, through the manager named `storage`: `files` or `duckdb`."""
    folder = Path(given["folder"])
    folder.mkdir(parents=True)
    kind = DuckDBManager if given["storage"] == "duckdb" else FilesManager
    manager = kind(Path(given["data"]), folder)

    def run() -> dict[str, str]:
        for step, inputs in STEPS:
            made = step(*(manager.load_input(name) for name in inputs))
            outputs = made if isinstance(made, dict) else {"": made}
            for name, frame in outputs.items():
                manager.handle_output(f"{step.__name__}.{name}".rstrip("."), frame)
        return manager.tables()

    return run
