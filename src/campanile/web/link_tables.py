"""Where links lead: the frozen links of deliveries, kept in memory and, for bad days, on disk."""

import asyncio
import logging
import uuid
from collections import OrderedDict
from pathlib import Path
from typing import Protocol

from campanile.errors import DataError, EngineError
from campanile.operations.feedback.tracking import DeliveryLinks, LinkTable

_LOGGER = logging.getLogger("campanile.web")
_KEPT = 1_000  # deliveries in memory


class LinkSource(Protocol):
    """The store, as far as links go; both raise EngineError when it cannot say."""

    def content(self, delivery_id: int) -> str | None:
        """The frozen content of a delivery, None where there is no such delivery."""

    def spoken_to(self, delivery_id: int, ordinal: int) -> tuple[str | None, str | None]:
        """The variant and language of a message."""


class LinkTables:
    """Links by message; they never change, so what was read once stays true.

    When the store is away the copies in `folder` answer, as far as there are any.
    """

    def __init__(self, source: LinkSource, folder: Path) -> None:
        self._source = source
        self._folder = folder
        self._known: OrderedDict[int, DeliveryLinks] = OrderedDict()
        self._only: dict[int, LinkTable] = {}

    def known(self, delivery: int) -> LinkTable | None:
        """The table for every message of a delivery, if it is in memory and there is one."""
        return self._only.get(delivery)

    async def get(self, delivery: int, ordinal: int) -> LinkTable | None:
        """The table for a message, None where there is no such delivery.

        Raises EngineError when nobody can say.
        """
        links = self._known.get(delivery) or await asyncio.to_thread(self._read, delivery)
        if links is None:
            return None
        self._remember(delivery, links)
        if links.only is not None:
            return links.only
        variant, language = await asyncio.to_thread(self._source.spoken_to, delivery, ordinal)
        place = links.place(variant, language)
        return None if place is None else links.tables[place]

    def _remember(self, delivery: int, links: DeliveryLinks) -> None:
        self._known[delivery] = links
        if links.only is not None:
            self._only[delivery] = links.only
        while len(self._known) > _KEPT:
            oldest, _ = self._known.popitem(last=False)
            self._only.pop(oldest, None)

    def _read(self, delivery: int) -> DeliveryLinks | None:
        path = self._folder / f"{delivery}.json"
        content = self._content(delivery, path)
        if content is None:
            return None
        try:
            links = DeliveryLinks(content)
        except DataError as error:
            raise EngineError("The frozen content of a delivery cannot be read.") from error
        if not path.exists():
            _copy(path, content)
        return links

    def _content(self, delivery: int, path: Path) -> str | None:
        try:
            return self._source.content(delivery)
        except EngineError:
            if path.exists():
                return path.read_text("utf-8")
            raise


def _copy(path: Path, content: str) -> None:
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(content, "utf-8")
        new.replace(path)
    except OSError as error:
        _LOGGER.warning("no copy of a link table was written (%s)", type(error).__name__)
