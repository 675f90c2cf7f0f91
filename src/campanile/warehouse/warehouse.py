"""What operations ask of the place where customer data and working tables live, on any engine."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from campanile.relations.relation import Relation
from campanile.relations.types import Schema
from campanile.warehouse.sources import Source

if TYPE_CHECKING:
    import pyarrow.lib as pa

    from campanile.warehouse.lake import DuckDBLake


@dataclass(frozen=True)
class BoundTable:
    """A name a session knows; `pinned` is false when its rows may change under the reader."""

    name: str
    schema: Schema
    pinned: bool


@dataclass(frozen=True)
class WrittenTable:
    """A table that will never change; it counts once its manifest row is committed.

    `path` is what the manifest keeps: a file of the lake, or how the engine finds its own table.
    """

    path: Path
    rows: int
    schema: Schema
    bytes: int
    seconds: float


class Session(Protocol):
    """One connection's view of the data; a session belongs to one thread."""

    @property
    def dialect(self) -> str:
        """The SQL that it reads, by SQLGlot's name."""

    def bind(
        self,
        name: str,
        source: Source,
        schema: Schema | None = None,
        *,
        lenient: bool = False,
        fill: bool = False,
    ) -> BoundTable:
        """Make a source readable under `name`; binding a name again replaces it.

        With `schema` only its columns are read, cast to its types; `lenient` makes what cannot be
        cast empty, `fill` the columns that the source has not.
        """

    def schema(self, name: str) -> Schema:
        """The columns of a bound table; raises EngineError for a name that is not bound."""

    def relation(self, name: str, key: Sequence[str] = ()) -> Relation:
        """All rows of a bound table."""

    def write(self, relation: Relation, directory: Path) -> WrittenTable:
        """Write a relation as a new table; whole or not at all, nothing is ever overwritten."""

    def stage(
        self, relation: Relation, name: str | None = None
    ) -> AbstractContextManager[Relation]:
        """The relation materialised once, for outputs that must agree; dropped at the end."""

    def count(self, relation: Relation) -> int:
        """The number of rows."""

    def scalar(self, relation: Relation) -> object:
        """The only column of the only row."""

    def rows(self, relation: Relation, limit: int | None = None) -> list[tuple[object, ...]]:
        """The rows, for small results; instants are naive UTC as stored."""

    def batches(self, relation: Relation, size: int = 20_000) -> Iterator["pa.RecordBatch"]:
        """Arrow batches of about `size` rows in the relation's order, for sending and extracts.

        The session can answer nothing else until the last batch is taken.
        """


class Warehouse(Protocol):
    """One class for each engine; which one a project has is configuration.

    `root` and `lake` are where files come in on every engine: loads, feedback, copies of tables.
    """

    @property
    def engine(self) -> str:
        """The engine's name in the settings."""

    @property
    def root(self) -> Path:
        """The folder of the lake."""

    @property
    def lake(self) -> "DuckDBLake":
        """The lake, read and written without asking the engine."""

    @property
    def reads_tables(self) -> bool:
        """Whether tables of the company lie in the engine and are read in place."""

    def session(self) -> AbstractContextManager[Session]:
        """A session, closed at the end."""

    def work_directory(self, campaign: str, execution: str, transition: str) -> Path:
        """Where a working table is to be written."""

    def data_directory(self, entity: str, version: int) -> Path:
        """Where one version of an entity is to be written."""

    def audience_directory(self, name: str, version: int) -> Path:
        """Where one version of a saved audience is to be written."""

    def feedback_directory(self, table: str, watermark: str) -> Path:
        """Where the feedback copied up to a watermark lies."""

    def rehearsing(self, folder: Path) -> "Warehouse":
        """The same data, with working tables that are thrown away with `folder`."""

    def drop_tables(self, paths: Iterable[str]) -> None:
        """Delete tables by what the store kept as their paths; those that are gone are no fault."""

    def drop_below(self, directory: Path) -> None:
        """Delete all tables written to a directory or below it."""
