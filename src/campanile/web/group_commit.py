"""Group commit: many requests wait for one durable write; the batch grows by itself under load."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")

_LARGEST_BATCH = 2_000  # rows in one commit: far below the store's 5,000 and a few milliseconds
# Between the starts of two commits. One row costs as much to commit as ten: a busy service gathers,
# and one that is not busy answers at once.
_PAUSE_SECONDS = 0.004
_LOGGER = logging.getLogger("campanile.web")


class GroupCommit(Generic[Item]):
    """Commit items in one thread, batch by batch; whoever waits on an item is told when it is safe.

    `commit` makes a batch durable; when it fails, or takes longer than `patience` seconds, `spool`
    must keep the batch instead. A commit given up on may still succeed: its batch is then kept
    twice, never lost, and at most one commit can be in that state at a time.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], None],
        spool: Callable[[Sequence[Item]], None],
        *,
        patience: float = 2.0,
    ) -> None:
        self._commit = commit
        self._spool = spool
        self._patience = patience
        self._waiting: list[Item] = []

    async def start(self) -> None:
        """Begin to write; call it inside the event loop that serves the requests."""
        self._loop = asyncio.get_running_loop()
        self._committer = ThreadPoolExecutor(1, "tracking-commit")
        self._spooler = ThreadPoolExecutor(1, "tracking-spool")
        self._given_up: asyncio.Future[None] | None = None
        self._kept: asyncio.Future[bool] = self._loop.create_future()
        self._wake = asyncio.Event()
        self._stopping = False
        self._begun_at = float("-inf")
        self._writer = self._loop.create_task(self._write())

    async def stop(self) -> None:
        """Write what is waiting, then end."""
        self._stopping = True
        self._wake.set()
        await self._writer
        self._committer.shutdown(wait=False, cancel_futures=True)
        self._spooler.shutdown()

    def add(self, item: Item) -> "asyncio.Future[bool]":
        """Queue `item`; the future says True once it is durable, False if it could not be kept."""
        self._waiting.append(item)
        kept = self._kept
        if not self._wake.is_set():
            self._wake.set()
        return kept

    async def _write(self) -> None:
        while not (self._stopping and not self._waiting):
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._gather()
                batch, kept = self._waiting, self._kept
                self._waiting, self._kept = [], self._loop.create_future()
                safe = await self._keep(batch)
                if not kept.done():  # a request cancelled at shutdown cancels its future too
                    kept.set_result(safe)

    async def _gather(self) -> None:
        """Let a moment pass since the last commit began, so that this one has more to do."""
        rest = self._begun_at + _PAUSE_SECONDS - self._loop.time()
        if rest > 0 and not self._stopping:
            await asyncio.sleep(rest)
        self._begun_at = self._loop.time()

    async def _keep(self, batch: Sequence[Item]) -> bool:
        for start in range(0, len(batch), _LARGEST_BATCH):
            part = batch[start : start + _LARGEST_BATCH]
            if not (await self._committed(part) or await self._spooled(part)):
                return False
        return True

    async def _committed(self, batch: Sequence[Item]) -> bool:
        if self._given_up is not None:
            if not self._given_up.done():
                return False
            self._given_up.exception()
            self._given_up = None
        work = self._loop.run_in_executor(self._committer, self._commit, batch)
        done, _ = await asyncio.wait({work}, timeout=self._patience)
        if not done:
            self._given_up = work
            _LOGGER.warning("the store did not answer in %s s; events are spooled", self._patience)
            return False
        return _succeeded(work, "the store refused a batch of events; they are spooled")

    async def _spooled(self, batch: Sequence[Item]) -> bool:
        work = self._loop.run_in_executor(self._spooler, self._spool, batch)
        await asyncio.wait({work})
        return _succeeded(work, f"{len(batch)} events are lost: the spool cannot be written")


def _succeeded(work: "asyncio.Future[None]", complaint: str) -> bool:
    """Whether `work` ended well; its error is logged by kind only, as its text may hold values."""
    error = work.exception()
    if error is not None:
        _LOGGER.error("%s (%s)", complaint, type(error).__name__)
    return error is None
