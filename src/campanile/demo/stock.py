"""The shop's files in a project: written once, and loaded in the order in which they came."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from campanile.demo.leads import write_leads
from campanile.demo.shop import Shop, ShopFile
from campanile.operations.entities.loading.load import Loaded, load_file
from campanile.operations.project import Project

ACTOR: Final = "demo"
_FAIR_GUESTS: Final = 400
_NOTE: Final = "made.json"


def shop_size(project: Project) -> int | None:
    """How many customers the shop has that was made for the project; None when there is none."""
    made = project.state / "shop" / _NOTE
    return int(json.loads(made.read_text())["shop"]["customers"]) if made.exists() else None


def shop_files(
    project: Project, customers: int, seed: int, deliveries: Sequence[datetime] = ()
) -> tuple[ShopFile, ...]:
    """The files of the shop; written when there are none of that size and seed.

    The same ones load but once. `deliveries` are the instants at which new orders came. The lead
    file of a fair is laid beside them, for a person to load.
    """
    folder, wanted = project.state / "shop", {"customers": customers, "seed": seed}
    made = folder / _NOTE
    if made.exists() and (noted := json.loads(made.read_text()))["shop"] == wanted:
        return tuple(_read(folder, each) for each in noted["files"])
    made.unlink(missing_ok=True)
    today = project.clock().replace(hour=0, minute=0, second=0, microsecond=0)
    files = Shop(customers, seed, today).write(folder, deliveries)
    guests = _good_addresses(folder / "customer.csv", min(_FAIR_GUESTS, customers // 10))
    write_leads(project.folder / "files", guests, today.date(), seed)
    listed = [[each.entity, each.path.name, each.known.isoformat()] for each in files]
    made.write_text(json.dumps({"shop": wanted, "files": listed}))
    return files


def load_all(
    project: Project, files: Sequence[ShopFile], say: Callable[[str], None]
) -> list[Loaded]:
    """Load files; those that were loaded before change nothing."""
    loaded = []
    for each in files:
        say(f"{each.entity.replace('_', ' ')} …")
        loaded.append(load_file(project, each.entity, each.path, actor=ACTOR))
    return loaded


def _read(folder: Path, noted: Sequence[str]) -> ShopFile:
    entity, name, known = noted
    return ShopFile(entity, folder / name, datetime.fromisoformat(known))


def _good_addresses(customers: Path, count: int) -> list[str]:
    """Addresses of customers that nobody mistyped, spread over the file."""
    query = (
        "SELECT email FROM read_csv(?, all_varchar = true) WHERE email LIKE '%_@_%' "
        "AND email = lower(trim(email)) ORDER BY hash(customer_id) LIMIT ?"
    )
    with duckdb.connect(":memory:") as database:
        return [row[0] for row in database.execute(query, [str(customers), count]).fetchall()]
