"""One attempt at a segment, and what it reports of the transitions it commits."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.graph import transition_table
from campanile.campaigns.simulation import Simulation
from campanile.operations.project import Project
from campanile.store.execution_rows import Execution
from campanile.store.manifest_rows import ManifestRow
from campanile.warehouse.warehouse import Session

Part = Literal["all", "plan", "outputs"]  # of a delivery: its plan, and later its outputs
OpenSession = Callable[[], AbstractContextManager[Session]]
BoundT = TypeVar("BoundT")


@dataclass
class SharedSession(Generic[BoundT]):
    """One session for all activities of an attempt, opened and bound when the first needs it.

    An activity that fails ends it, so that the next one starts with a sound engine.
    """

    open_session: OpenSession
    _opened: ExitStack = field(default_factory=ExitStack)
    _bound: BoundT | None = None

    @contextmanager
    def bound(self, bind: Callable[[Session], BoundT]) -> Iterator[BoundT]:
        """What `bind` made of the session, made once."""
        try:
            if self._bound is None:
                self._bound = bind(self._opened.enter_context(self.open_session()))
            yield self._bound
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the session up."""
        self._bound = None
        self._opened.close()


@dataclass(frozen=True)
class SegmentRun:
    """One attempt at one segment of one execution; `reused`: it had succeeded before."""

    project: Project
    execution: Execution
    compiled: CompiledVersion
    segment: str
    attempt: int
    pins: Mapping[str, Any]
    reused: bool
    open_session: OpenSession

    @cached_property
    def shared(self) -> SharedSession[Any]:
        """The session that its activities share."""
        return SharedSession(self.open_session)

    @property
    def mode(self) -> str:
        """Live or test."""
        return self.execution.mode

    @cached_property
    def simulation(self) -> Simulation:
        """What a test was told; nothing in a live execution."""
        return Simulation.of(self.execution.simulation)

    def steps(self) -> list[tuple[str, Part]]:
        """All that a run of it does, as (activity, part), in the order of the graph."""
        cut, graph = self.compiled.segment(self.segment), self.compiled.graph
        work: list[tuple[str, Part]] = [
            (name, "outputs" if graph[name].channel else "all") for name in cut.activities
        ]
        work += [(name, "plan") for name in cut.plans]
        return sorted(work, key=lambda step: graph.order.index(step[0]))

    def committed(self) -> dict[str, ManifestRow]:
        """The committed transitions of the execution, read anew."""
        return self.project.store.manifests.committed(self.execution.id)


@dataclass(frozen=True)
class CommittedOutput:
    """A committed transition as it is reported; `asset` is its table without prefix."""

    transition: str
    asset: str
    rows: int
    rows_in: int
    reached: bool
    reason: str
    reused: bool
    sql: str
    schema: Mapping[str, str]
    seconds: float
    details: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def opened(run: SegmentRun) -> Iterator[Session]:
    """A session of its own, closed at the end."""
    with run.open_session() as session:
        yield session


def reported(row: ManifestRow, *, rows_in: int, reused: bool) -> CommittedOutput:
    """A committed row as it is reported."""
    return CommittedOutput(
        transition=row.transition,
        asset=transition_table(row.transition),
        rows=row.rows,
        rows_in=rows_in,
        reached=row.reached,
        reason=row.not_reached_reason or "",
        reused=reused,
        sql=row.sql,
        schema=row.schema,
        seconds=row.seconds,
        details=row.details,
    )
