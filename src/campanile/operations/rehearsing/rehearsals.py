"""Rehearsals: the first segment of a campaign on today's data, in a store of its own, kept nowhere.

The same functions as in a live run do the work, so what a plan or a preview shows is what would be.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.segments import START
from campanile.errors import CampanileError
from campanile.operations.authoring.versions import apply_campaign, get_version, parameters_of
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.pins import make_pins
from campanile.operations.executing.segment_run import CommittedOutput, SegmentRun
from campanile.operations.project import Project
from campanile.operations.rehearsing.empty_names import EmptyNames
from campanile.operations.rehearsing.waterfalls import Waterfall, count_waterfall
from campanile.people.actor import SYSTEM
from campanile.store.database import Database
from campanile.store.execution_rows import Execution
from campanile.store.manifest_rows import ManifestRow
from campanile.store.new_executions import NewExecution
from campanile.store.store import Store

_BY = "rehearsal"
_LATEST = 2**62  # an execution id after all others: every execution of the project is earlier


class RehearsalStore(Store):
    """A store of its own that reads entities, audiences and memory of the real one."""

    def __init__(self, databases: Mapping[str, Database], real: Store) -> None:
        super().__init__(databases, real.clock)
        self.entities = real.entities
        self.audiences = real.audiences
        self.consumed = real.consumed
        self.takings = real.takings


@dataclass(frozen=True)
class Rehearsed:
    """What the first segment of a version would do now; `trouble` says what stopped it, if it did.

    `rows` are the transitions as they would be committed; their files vanish with the rehearsal.
    """

    campaign: str
    version: int
    compiled: CompiledVersion
    execution: Execution
    outputs: tuple[CommittedOutput, ...]
    rows: Mapping[str, ManifestRow]
    messages: Mapping[str, Waterfall]
    trouble: str = ""


class Rehearsal:
    """A place to try campaign versions in; `project` is the one that is thrown away."""

    def __init__(self, real: Project, folder: Path) -> None:
        scratch = Store.open(folder / "store", real.clock)
        store = RehearsalStore(scratch.databases, real.store)
        store.migrate()
        self.real = real
        self.project = replace(
            real,
            store=store,
            state=folder,
            read_definitions=lambda: real.definitions,
            warehouse=real.warehouse.rehearsing(folder),
            actor=SYSTEM,
        )

    def take_stored(self, name: str, version: int) -> int:
        """Take a version of the real store; returns its number here."""
        row = self.real.store.campaigns.version(name, version)
        return self.project.store.campaigns.save_version(
            name,
            label=name,
            source=row.source,
            compiled=row.compiled,
            language_version=row.language_version,
            digest=row.digest,
            by=_BY,
        ).version

    def take_file(self, name: str) -> int:
        """Take what the campaign's file says; raises FaultsFound with everything wrong in it."""
        return apply_campaign(self.project, name, actor=_BY).version

    def run(
        self, name: str, version: int, parameters: Mapping[str, str] | None = None
    ) -> Rehearsed:
        """Run the first segment; trouble with one activity ends it there and is told."""
        compiled = get_version(self.project, name, version)
        execution = self._begin(compiled, name, version, parameters or {})
        outputs: list[CommittedOutput] = []
        trouble = ""
        try:
            run = self._segment(execution, compiled)
            self.project.store.pauses.pass_over(execution.id, compiled.graph.order)
            for activity, part in _steps(compiled):
                chosen = run if part == "plan" else _as_test(run)
                outputs += run_activity(chosen, activity, part)  # type: ignore[arg-type]
        except CampanileError as error:
            trouble = str(error)
        return Rehearsed(
            campaign=name,
            version=version,
            compiled=compiled,
            execution=execution,
            outputs=tuple(outputs),
            rows=self.project.store.manifests.committed(execution.id),
            messages=self._messages(execution, compiled),
            trouble=trouble,
        )

    def _begin(
        self, compiled: CompiledVersion, name: str, version: int, given: Mapping[str, str]
    ) -> Execution:
        return self.project.store.executions.create(
            NewExecution(
                campaign=name,
                version=version,
                kind="test",
                mode="test",
                requested_by=_BY,
                due_at=self.project.clock(),
                parameters=parameters_of(compiled, given, test=True),
            )
        )

    def _segment(self, execution: Execution, compiled: CompiledVersion) -> SegmentRun:
        """The run of the first segment: pinned to what the real store has now."""
        segments = self.project.store.segments
        row = segments.get(execution.id, START)
        latest = replace(execution, id=_LATEST, mode="live")
        begun = segments.begin(
            execution.id,
            START,
            attempt=row.attempt,
            version=execution.version,
            run_id=_BY,
            make_pins=lambda: make_pins(self.real, latest, compiled, row),
        )
        return SegmentRun(
            project=self.project,
            execution=replace(begun.execution, mode="live"),
            compiled=compiled,
            segment=START,
            attempt=row.attempt,
            pins=begun.pins,
            reused=False,
            open_session=self.project.warehouse.session,
        )

    def _messages(self, execution: Execution, compiled: CompiledVersion) -> dict[str, Waterfall]:
        here, real = (p.store.databases["ledger"] for p in (self.project, self.real))
        found = {}
        for one in self.project.store.deliveries.of_execution(execution.id):
            config = compiled.campaign.activities[one.activity]
            content = self.project.store.deliveries.content(one.id)
            empty = EmptyNames.of(content, getattr(config, "empty_fields", ()))
            found[one.activity] = count_waterfall(one, here, real, empty)
        return found


@contextmanager
def rehearsal(project: Project) -> Iterator[Rehearsal]:
    """A rehearsal whose store and files vanish at the end; the project's own stay as they are."""
    parent = project.state / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="rehearsal-", dir=parent) as folder:
        found = Rehearsal(project, Path(folder))
        try:
            yield found
        finally:
            found.project.store.close()
            found.project.warehouse.drop_below(Path(folder))


def _steps(compiled: CompiledVersion) -> list[tuple[str, str]]:
    """(activity, part) of the first segment, in an order in which they can run."""
    cut = compiled.segment(START)
    steps = [(name, "all") for name in cut.activities] + [(name, "plan") for name in cut.plans]
    order = compiled.graph.order
    return sorted(steps, key=lambda step: order.index(step[0]))


def _as_test(run: SegmentRun) -> SegmentRun:
    """Without effects: no audience is saved, nobody is alerted, nothing is consumed."""
    return replace(run, execution=replace(run.execution, mode="test"))
