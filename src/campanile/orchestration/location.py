"""The code location: all campaigns served, built when they are asked for and no sooner."""

import gc
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg
from dagster import RepositoryData
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME

from campanile.campaigns.compiled import CompiledVersion
from campanile.errors import CampanileError
from campanile.operations.authoring.known_versions import known_versions
from campanile.operations.authoring.versions import LiveVersion, get_version, live_versions
from campanile.orchestration import keys
from campanile.orchestration.campaign_assets import Canvas
from campanile.orchestration.campaign_jobs import build_assets, build_job
from campanile.orchestration.canvases import merge_canvases, name_jobs
from campanile.orchestration.definition_errors import build_error_spec
from campanile.orchestration.entity_assets import build_entity_specs
from campanile.orchestration.freshness import Freshness
from campanile.orchestration.identity import require_own_instance
from campanile.orchestration.keys import JobName
from campanile.orchestration.resources import OpenProject, build_resources
from campanile.orchestration.schedules import build_schedules
from campanile.orchestration.send_job import build_send_job
from campanile.orchestration.sensors import build_sensors
from campanile.orchestration.shaping import shape_version
from campanile.orchestration.worker_marks import marked_executor

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Everything:
    """The location as a whole, as the code server shows it."""

    jobs: Mapping[str, dg.JobDefinition]
    graph: dg.RepositoryDefinition
    schedules: Mapping[str, dg.ScheduleDefinition]
    sensors: Mapping[str, dg.SensorDefinition]
    errors: Mapping[str, str]


class CampaignLocation(RepositoryData):
    """The campaigns of one project; a run worker asks for one job and gets one version's.

    Everything else (graph, sensors, schedules, the job of ad-hoc selections) is built together,
    once, the first time it is asked for. A version that cannot be built becomes a definition error;
    so does a project that does not open, or that belongs to another instance than `identity`.
    `loaded` is called once everything is built.
    """

    def __init__(
        self,
        open_project: OpenProject,
        identity: Callable[[], str],
        loaded: Callable[[], None] = lambda: None,
    ) -> None:
        self._open = open_project
        self._identity = identity
        self._tell_loaded = loaded
        self._resources = build_resources(open_project)
        self._jobs: dict[str, dg.JobDefinition] = {}
        self._canvases: dict[JobName, Canvas] = {}
        self._built: dict[JobName, list[dg.AssetsDefinition]] = {}
        self._loaded: _Everything | None = None

    def get_job(self, job_name: str) -> dg.JobDefinition:
        """Build one job; for a campaign version this reads that version and nothing else."""
        if job_name == IMPLICIT_ASSET_JOB_NAME:
            return self._everything.graph.get_job(job_name)
        if job_name not in self._jobs:
            self._jobs[job_name] = self._build_job(job_name)
        return self._jobs[job_name]

    def has_job(self, job_name: str) -> bool:
        """Tell whether the location serves a job."""
        return job_name == keys.SEND_JOB or job_name in self._everything.jobs

    def get_job_names(self) -> Sequence[str]:
        """List the jobs served."""
        return list(self._everything.jobs)

    def get_all_jobs(self) -> Sequence[dg.JobDefinition]:
        """Return the jobs, a campaign's leading version first: it describes shared assets."""
        return list(self._everything.jobs.values())

    def get_all_schedules(self) -> Sequence[dg.ScheduleDefinition]:
        """Return the alarms of recurring campaigns."""
        return list(self._everything.schedules.values())

    def get_all_sensors(self) -> Sequence[dg.SensorDefinition]:
        """Return the clock and the retargeting sensor."""
        return list(self._everything.sensors.values())

    def get_assets_defs_by_key(self) -> Mapping[dg.AssetKey, dg.AssetsDefinition]:
        """Return the merged graph of all versions served."""
        return self._everything.graph.assets_defs_by_key

    def get_top_level_resources(self) -> Mapping[str, dg.ResourceDefinition]:
        """Return the resources, for the pages of the UI."""
        return self._everything.graph.get_top_level_resources()

    def get_env_vars_by_top_level_resource(self) -> Mapping[str, AbstractSet[str]]:
        """None: settings read the environment, not resources."""
        return {}

    @property
    def errors(self) -> Mapping[str, str]:
        """What could not be loaded, and why."""
        return self._everything.errors

    def _build_job(self, job_name: str) -> dg.JobDefinition:
        if job_name == keys.SEND_JOB:
            return build_send_job(self._open)
        parsed = JobName.parse(job_name)
        if parsed is None:
            raise dg.DagsterInvariantViolationError(f"There is no job '{job_name}'.")
        return build_job(self._canvas(parsed), self._assets(parsed), self._resources)

    def _canvas(self, name: JobName) -> Canvas:
        if name not in self._canvases:
            self._draw(name, get_version(self._open(), name.campaign, name.version))
        return self._canvases[name]

    def _draw(self, name: JobName, compiled: CompiledVersion) -> None:
        self._canvases[name] = Canvas(shape_version(compiled, name.version), name.draft)

    def _assets(self, name: JobName) -> list[dg.AssetsDefinition]:
        """Assets of a version as its job makes them; the graph shows the same ones."""
        if name not in self._built:
            self._built[name] = build_assets(self._canvas(name), self._open)
        return self._built[name]

    @property
    def _everything(self) -> _Everything:
        if self._loaded is None:
            with _collector_at_rest():
                self._loaded = self._load_everything()
            self._tell_loaded()
        return self._loaded

    def _load_everything(self) -> _Everything:
        errors: dict[str, str] = {}
        try:
            project = self._open()
            require_own_instance(project, self._identity())
            served = live_versions(project)
            specs = build_entity_specs(project.catalog.entities.values())
        except CampanileError as error:
            errors["project"] = str(error)
            served, specs = (), []
        canvases = self._load_versions(served, errors)
        graph = self._build_graph(canvases, [*specs, *build_error_spec(errors)])
        for place, message in errors.items():
            _LOG.error("%s is not served: %s", place, message)
        if "project" in errors:
            return _Everything({}, graph, {}, {}, errors)
        jobs = {
            keys.SEND_JOB: self.get_job(keys.SEND_JOB),
            **{str(name): self.get_job(str(name)) for name in canvases},
            IMPLICIT_ASSET_JOB_NAME: graph.get_job(IMPLICIT_ASSET_JOB_NAME),
        }
        known = {(each.campaign, each.version) for each in served}
        published = {(each.campaign, each.version) for each in served if each.published}
        leading = {n: c for n, c in canvases.items() if (n.campaign, n.version) in published}
        return _Everything(
            jobs=jobs,
            graph=graph,
            schedules=build_schedules(leading, self._open),
            sensors=build_sensors(jobs, self._open, Freshness(known)),
            errors=errors,
        )

    def _load_versions(
        self, served: Collection[LiveVersion], errors: dict[str, str]
    ) -> dict[JobName, Canvas]:
        canvases: dict[JobName, Canvas] = {}
        if not served:
            return canvases
        known = known_versions(self._open(), [(each.campaign, each.version) for each in served])
        for name in name_jobs(served):
            try:
                if name not in self._canvases:
                    self._draw(name, known.get(name.campaign, name.version))
                self.get_job(str(name))
                canvases[name] = self._canvas(name)
            except (CampanileError, dg.DagsterError, ValueError) as error:
                errors[str(name)] = str(error)
        return canvases

    def _build_graph(
        self, canvases: Mapping[JobName, Canvas], specs: Sequence[dg.AssetSpec]
    ) -> dg.RepositoryDefinition:
        assets = [
            asset
            for name, canvas in merge_canvases(canvases).items()
            for asset in (
                self._assets(name) if canvas.only is None else build_assets(canvas, self._open)
            )
        ]
        definitions = dg.Definitions(
            assets=[*assets, *specs],
            resources=self._resources,
            executor=marked_executor,
        )
        return definitions.get_repository_def()


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Look for no cyclic garbage in the body: what a load builds stays, and is millions of objects.

    A quarter of the time of a load of 1,000 campaigns goes into looking for it otherwise.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
