"""Where links lead: the frozen link tables of deliveries, in memory and copied to disk."""

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

from campanile.content.links import Link
from campanile.errors import EngineError

LinkTable: TypeAlias = Mapping[int, Link]

_LOGGER = logging.getLogger("campanile.web")
_KEPT = 1_000  # deliveries in memory


class LinkTables:
    """Link tables by delivery; they never change, so what was read once stays true.

    `load` returns the table of a delivery, None where there is no such delivery, and raises
    EngineError when the store cannot say: then the copy in `folder` answers, if there is one.
    """

    def __init__(self, load: Callable[[int], LinkTable | None], folder: Path) -> None:
        self._load = load
        self._folder = folder
        self._tables: OrderedDict[int, LinkTable] = OrderedDict()

    def known(self, delivery: int) -> LinkTable | None:
        """The table, if it is in memory."""
        return self._tables.get(delivery)

    async def get(self, delivery: int) -> LinkTable | None:
        """The table, from wherever it is; raises EngineError when nobody can say."""
        table = await asyncio.to_thread(self._load_or_copy, delivery)
        if table is not None:
            self._tables[delivery] = table
            while len(self._tables) > _KEPT:
                self._tables.popitem(last=False)
        return table

    def _load_or_copy(self, delivery: int) -> LinkTable | None:
        path = self._folder / f"{delivery}.json"
        try:
            table = self._load(delivery)
        except EngineError:
            if path.exists():
                return _read(path)
            raise
        if table is not None and not path.exists():
            self._copy(path, table)
        return table

    def _copy(self, path: Path, table: LinkTable) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_suffix(f".{id(table)}.new")
            new.write_text(json.dumps([asdict(link) for link in table.values()]), "utf-8")
            new.replace(path)
        except OSError as error:
            _LOGGER.warning("no copy of a link table was written (%s)", type(error).__name__)


def _read(path: Path) -> LinkTable:
    links = [Link(**fields) for fields in json.loads(path.read_text("utf-8"))]
    return {link.number: link for link in links}
