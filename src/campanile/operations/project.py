"""The opened project: everything a use case needs, handed in, never looked up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from campanile.campaigns.definitions import Definitions
from campanile.channels.smtp import SmtpConnection
from campanile.people.actor import SYSTEM, Actor
from campanile.store.store import Store
from campanile.tracking.tokens import KeyRing
from campanile.warehouse.lake import DuckDBLake
from campanile.warehouse.places.opening import Places
from campanile.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from campanile.campaigns.compiled import CompiledVersion
    from campanile.catalog.entities import Catalog
    from campanile.warehouse.postgres import PostgresServer


_READ = ("definitions", "foundation", "looks", "known_versions")  # kept by cached properties


@dataclass(frozen=True)
class CompanyDatabase:
    """A database of the company; a copy of a table younger than `copy_every` is read again."""

    server: "PostgresServer"
    copy_every: timedelta


@dataclass(frozen=True)
class Project:
    """One company's campaigns: a folder of files, a store, a warehouse, and its keys.

    `state` is the git-ignored folder of everything that is written on this machine; `base_url` is
    where recipients reach the tracking service; `identity` ties sending to this store.
    """

    folder: Path
    name: str
    timezone: ZoneInfo
    environment: str
    identity: str
    store: Store
    warehouse: Warehouse
    keys: KeyRing
    state: Path
    base_url: str
    connections: Mapping[str, SmtpConnection]
    read_definitions: Callable[[], Definitions]
    clock: Callable[[], datetime]
    places: Places
    masked_previews: bool = False
    keep_tables: timedelta = timedelta(days=30)  # working tables, after their execution ended
    keep_logs: timedelta = timedelta(days=90)  # runs of Dagster, with their events and output
    keep_events: timedelta = timedelta(days=730)  # opens and clicks
    processes: int = 1  # that send at a time, per delivery
    read_foundation: Callable[[], Definitions] | None = None  # what `definitions` reads otherwise
    databases: Mapping[str, CompanyDatabase] = field(default_factory=dict)  # to copy tables from
    dagster_url: str | None = None  # of a webserver that `campanile serve` did not start
    actor: Actor = SYSTEM  # for whom operations are done, and with whose rights

    @cached_property
    def definitions(self) -> Definitions:
        """The project's files, read once; raises FaultsFound with all their faults."""
        return self.read_definitions()

    @cached_property
    def foundation(self) -> Definitions:
        """Settings, catalog and channels; a run needs no more, however many campaigns there are."""
        return self.definitions if self.read_foundation is None else self.read_foundation()

    def acting_for(self, actor: Actor) -> "Project":
        """The same project, opened for `actor`; what was read of files and versions is shared."""
        opened = replace(self, actor=actor)
        opened.__dict__.update({name: self.__dict__[name] for name in _READ if name in vars(self)})
        return opened

    def read_again(self) -> None:
        """Read the files anew when they are next asked for: one of them has changed."""
        for read in ("definitions", "foundation"):
            self.__dict__.pop(read, None)

    @property
    def catalog(self) -> "Catalog":
        """Entities and targeting dimensions."""
        return self.foundation.catalog

    @cached_property
    def looks(self) -> dict[str, tuple[datetime, int]]:
        """When this process looked for new people, and up to which event, by campaign version."""
        return {}

    @cached_property
    def known_versions(self) -> "dict[tuple[str, int], tuple[str, CompiledVersion]]":
        """What this process has read of campaign versions: the digest of each, and its content."""
        return {}

    @property
    def lake(self) -> DuckDBLake:
        """Where files come in, whatever the engine: loads, feedback, copies of tables."""
        return self.warehouse.lake

    @property
    def journal(self) -> Path:
        """Where sending processes keep what was accepted before the ledger knows."""
        return self.state / "journal"

    @property
    def quarantine(self) -> Path:
        """Where rows that could not be loaded lie, one file a load."""
        return self.state / "quarantine"
