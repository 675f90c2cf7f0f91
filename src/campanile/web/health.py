"""Whether the public side can keep what it is told: in the store, or on disk until it is back."""

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse

from campanile.errors import EngineError

_PATIENCE_SECONDS: Final = 2.0
_KEPT_SECONDS: Final = 1.0  # anybody may ask: the store is not asked for each of them
_LEAST_FREE: Final = 50_000_000


class Store(Protocol):
    """What health asks of the store."""

    def ping(self) -> None:
        """Return when the store answers; raises EngineError when it does not."""


class Health:
    """Status 200 while every event can be kept, 503 when some would be lost.

    "degraded" is 200 too: with the store away, clicks still go on and are kept, so that nobody
    should take this process out of service; somebody should look, though.
    """

    def __init__(self, store: Store, folder: Path, is_spooling: Callable[[], bool]) -> None:
        self._store = store
        self._folder = folder
        self._is_spooling = is_spooling
        self._seen = (float("-inf"), False)
        self._asking = asyncio.Lock()

    async def answer(self, _request: Request) -> JSONResponse:
        """Answer a monitor, or the proxy before us."""
        reached = await self._is_reached()
        free = self._free()
        keeps = reached or free > _LEAST_FREE
        spooling = self._is_spooling()
        status = "failing" if not keeps else "ok" if reached and not spooling else "degraded"
        found = {"status": status, "store": reached, "spooling": spooling, "disk_free_bytes": free}
        return JSONResponse(found, 200 if keeps else 503, {"cache-control": "no-store"})

    async def _is_reached(self) -> bool:
        async with self._asking:
            at, reached = self._seen
            if time.monotonic() - at > _KEPT_SECONDS:
                reached = await self._ask()
                self._seen = (time.monotonic(), reached)
        return reached

    async def _ask(self) -> bool:
        try:
            await asyncio.wait_for(asyncio.to_thread(self._store.ping), _PATIENCE_SECONDS)
        except (EngineError, TimeoutError):
            return False
        return True

    def _free(self) -> int:
        """Bytes the spool has; none where its folder cannot be made."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return shutil.disk_usage(self._folder).free
        except OSError:
            return 0
