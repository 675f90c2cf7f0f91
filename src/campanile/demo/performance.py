"""One performance: the shop is loaded, campaigns run to their end, and nobody helps them.

Only the first step is taken by hand, as a person would with `campanile`. The rest is moved by the
clock and by what the recipients do.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from campanile.demo.accounts import DeliveryAccount, delivery_accounts
from campanile.demo.past import PastClock, mondays, relive_past
from campanile.demo.purchases import Till, write_purchases
from campanile.demo.stock import ACTOR, load_all, shop_files
from campanile.errors import CampanileError, EngineError
from campanile.operations.authoring.versions import apply_campaign, publish, start_execution
from campanile.operations.entities.loading.load import Loaded, load_file
from campanile.operations.project import Project
from campanile.settings.project import open_project
from campanile.store.execution_rows import Execution

CAMPAIGNS: Final = ("keen_clickers", "weekly_offer", "welcome_back")
PUBLISHED_ONLY: Final = ("contract_renewal", "winter_sale")
_FOLLOWS: Final = MappingProxyType({"keen_clickers": "welcome_back"})  # whose clicks it waits for
_STARTED_BY_HAND: Final = ("weekly_offer", "welcome_back")
_LOOK_SECONDS: Final = 0.5
_BROKEN: Final = ("failed", "stopped", "paused", "held")


class NotFinished(CampanileError):
    """The campaigns did not come to their end."""


@dataclass(frozen=True)
class Performance:
    """A project on a stage, and the instant (aware UTC) from which executions belong to us."""

    project: Project
    since: datetime
    campaigns: tuple[str, ...] = CAMPAIGNS

    def load_shop(self, customers: int, seed: int, say: Callable[[str], None]) -> list[Loaded]:
        """Write the shop's files, where there are none of that size and seed, and load them."""
        return load_all(self.project, shop_files(self.project, customers, seed), say)

    def relive(self, customers: int, seed: int, say: Callable[[str], None]) -> list[Loaded]:
        """Load the shop as it came, week by week, with the campaigns that ran meanwhile.

        Where a past has begun already only what is not loaded yet is loaded.
        """
        now = self.project.clock()
        weeks = mondays(now)
        files = shop_files(self.project, customers, seed, weeks)
        if not self.project.store.campaigns.inventory():
            clock = PastClock(weeks[0])
            past = open_project(self.project.folder, clock=clock)
            relive_past(past, clock, files, now, weeks, say)
            past.store.close()
        return load_all(self.project, files, say)

    def go_on(self) -> "Performance | None":
        """The campaigns that were cut off, and those that follow them; None if none was.

        The others are over and nobody starts them again, so nobody waits for them either.
        """
        store = self.project.store.executions
        left = {name: rows for name in self.campaigns if (rows := store.open_executions(name))}
        if not left:
            return None
        since = min(row.requested_at for rows in left.values() for row in rows)
        awaited = [name for name in self.campaigns if name in left or _FOLLOWS.get(name) in left]
        return replace(self, since=since, campaigns=tuple(awaited))

    def publish(self, others: Sequence[str] = ()) -> list[Execution]:
        """Apply and publish the campaigns; start what would not start by itself today.

        `others` are published too, and left to their schedule.
        """
        started = []
        for name in (*self.campaigns, *others):
            apply_campaign(self.project, name, actor=ACTOR)
            published = publish(self.project, name, actor=ACTOR)
            if published.execution is not None:
                started.append(published.execution)
            elif name in _STARTED_BY_HAND:
                started.append(start_execution(self.project, name, kind="manual", actor=ACTOR))
        return started

    def load_purchases(self, till: Till) -> int:
        """Load what recipients bought since the performance began; returns how many did."""
        now = self.project.clock()
        sold = till.sold(self.since, now)
        if sold:
            folder = self.project.state / "shop"
            files = write_purchases(folder / "bought", folder / "product.csv", sold, now)
            for entity, path in files.items():
                load_file(self.project, entity, path, actor=ACTOR)
        return len(sold)

    def executions(self) -> dict[str, list[Execution]]:
        """The executions of this performance by campaign, the newest first."""
        store = self.project.store.executions
        return {
            name: [each for each in store.of_campaign(name) if each.requested_at >= self.since]
            for name in self.campaigns
        }

    def wait(
        self,
        seconds: float,
        tell: Callable[[Mapping[str, str]], None],
        ended: Callable[[], list[str]] = list,
    ) -> None:
        """Return once each campaign has a finished execution and none is still open.

        `tell` hears one sentence for each campaign; `ended` names processes that should not have
        ended. Raises NotFinished or EngineError with what stands in the way.
        """
        deadline = time.monotonic() + seconds
        while True:
            found = self.executions()
            tell({name: self._sentence(rows) for name, rows in found.items()})
            if all(_is_finished(rows) for rows in found.values()):
                return
            self._require_progress(found)
            if gone := ended():
                raise EngineError(f"{', '.join(gone)} ended by itself.", remedy="See its log.")
            if time.monotonic() > deadline:
                waits = "; ".join(f"{n}: {self._sentence(rows)}" for n, rows in found.items())
                raise NotFinished(f"not finished after {seconds:.0f} s. {waits}.")
            time.sleep(_LOOK_SECONDS)

    def accounts(self) -> list[DeliveryAccount]:
        """The accounts of all deliveries of this performance, the oldest first."""
        rows = [each for found in self.executions().values() for each in found]
        rows.sort(key=lambda execution: execution.id)
        return delivery_accounts(self.project, rows)

    def _sentence(self, rows: list[Execution]) -> str:
        if not rows:
            return "waits for people who click"
        if rows[0].status == "finished":
            return "finished"
        return self.project.store.executions.waits_for(rows[0].id).sentence

    def _require_progress(self, found: Mapping[str, list[Execution]]) -> None:
        for name, rows in found.items():
            for row in rows:
                if row.status in _BROKEN:
                    raise NotFinished(f"{name}/{row.key} is {row.status}: {row.reason}")


def _is_finished(rows: list[Execution]) -> bool:
    return bool(rows) and all(row.status == "finished" for row in rows)
