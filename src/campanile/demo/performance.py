"""One performance: the shop is loaded, three campaigns run to their end, and nobody helps them.

Only the first step is taken by hand, as a person would with `campanile`. The rest is moved by the
clock and by what the recipients do.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from campanile.demo.accounts import DeliveryAccount, delivery_accounts
from campanile.demo.shop import Shop
from campanile.errors import CampanileError, EngineError
from campanile.operations.authoring.versions import apply_campaign, publish, start_execution
from campanile.operations.entities.loading.load import Loaded, load_file
from campanile.operations.project import Project
from campanile.store.execution_rows import Execution

ACTOR: Final = "demo"
CAMPAIGNS: Final = ("keen_clickers", "weekly_offer", "welcome_back")
_STARTED_BY_HAND: Final = ("weekly_offer", "welcome_back")
_LOOK_SECONDS: Final = 0.5
_BROKEN: Final = ("failed", "stopped", "paused", "held")
ORDER: Final = ("store", "product", "customer", "order", "order_line")


class NotFinished(CampanileError):
    """The campaigns did not come to their end."""


@dataclass(frozen=True)
class Performance:
    """A project on a stage, and the instant (aware UTC) from which executions belong to us."""

    project: Project
    since: datetime
    campaigns: tuple[str, ...] = CAMPAIGNS

    def load_shop(self, customers: int, seed: int, say: Callable[[str], None]) -> list[Loaded]:
        """Write the shop's files, one a day for each size and seed, and load what is new."""
        files = _shop_files(self.project, customers, seed)
        loaded = []
        for entity in ORDER:
            say(f"{entity} …")
            loaded.append(load_file(self.project, entity, files[entity], actor=ACTOR))
        return loaded

    def publish(self) -> list[Execution]:
        """Apply and publish the campaigns; start what would not start by itself today."""
        started = []
        for name in self.campaigns:
            apply_campaign(self.project, name, actor=ACTOR)
            published = publish(self.project, name, actor=ACTOR)
            if published.execution is not None:
                started.append(published.execution)
            elif name in _STARTED_BY_HAND:
                started.append(start_execution(self.project, name, kind="manual", actor=ACTOR))
        return started

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


def _shop_files(project: Project, customers: int, seed: int) -> dict[str, Path]:
    """Today's files of the shop, written when there are none: the same ones load but once."""
    today = project.clock().replace(hour=0, minute=0, second=0, microsecond=0)
    folder = project.state / "shop"
    made = folder / "made.json"
    wanted = {"customers": customers, "seed": seed, "today": today.isoformat()}
    if not made.exists() or json.loads(made.read_text()) != wanted:
        made.unlink(missing_ok=True)
        Shop(customers, seed, today).write(folder, lambda _: None)
        made.write_text(json.dumps(wanted))
    return {entity: folder / f"{entity}.csv" for entity in ORDER}
