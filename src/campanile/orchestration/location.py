"""The code location: all campaigns served, built when they are asked for and no sooner."""

import logging
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import dagster as dg
from dagster import RepositoryData
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME

from campanile.errors import CampanileError
from campanile.orchestration import keys
from campanile.orchestration.campaign_assets import Canvas
from campanile.orchestration.campaign_jobs import build_assets, build_job
from campanile.orchestration.canvases import merge_canvases, name_jobs
from campanile.orchestration.definition_errors import build_error_spec
from campanile.orchestration.entity_assets import build_entity_specs
from campanile.orchestration.keys import JobName
from campanile.orchestration.resources import OpenOperations, build_resources
from campanile.orchestration.schedules import build_schedules
from campanile.orchestration.send_job import build_send_job
from campanile.orchestration.sensors import build_sensors

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
    once, the first time it is asked for. A version that cannot be built becomes a definition error.
    """

    def __init__(self, open_operations: OpenOperations) -> None:
        self._open = open_operations
        self._jobs: dict[str, dg.JobDefinition] = {}
        self._canvases: dict[JobName, Canvas] = {}
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
        return build_resources(self._open)

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
        return build_job(self._canvas(parsed), self._open)

    def _canvas(self, name: JobName) -> Canvas:
        if name not in self._canvases:
            shape = self._open().load_version(name.campaign, name.version)
            self._canvases[name] = Canvas(shape, name.draft)
        return self._canvases[name]

    @property
    def _everything(self) -> _Everything:
        if self._loaded is None:
            self._loaded = self._load_everything()
        return self._loaded

    def _load_everything(self) -> _Everything:
        operations = self._open()
        errors: dict[str, str] = dict(operations.problems())
        jobs = {keys.SEND_JOB: self.get_job(keys.SEND_JOB)}
        served = operations.live_versions()
        canvases: dict[JobName, Canvas] = {}
        for name in name_jobs(served):
            try:
                jobs[str(name)] = self.get_job(str(name))
                canvases[name] = self._canvas(name)
            except (CampanileError, dg.DagsterError, ValueError) as error:
                errors[str(name)] = str(error)
        graph = self._build_graph(canvases, errors)
        jobs[IMPLICIT_ASSET_JOB_NAME] = graph.get_job(IMPLICIT_ASSET_JOB_NAME)
        leading = {(each.campaign, each.version) for each in served if each.published}
        published = {n: c for n, c in canvases.items() if (n.campaign, n.version) in leading}
        for place, message in errors.items():
            _LOG.error("%s is not served: %s", place, message)
        return _Everything(
            jobs=jobs,
            graph=graph,
            schedules=build_schedules(published, self._open),
            sensors=build_sensors(jobs, self._open),
            errors=errors,
        )

    def _build_graph(
        self, canvases: Mapping[JobName, Canvas], errors: Mapping[str, str]
    ) -> dg.RepositoryDefinition:
        assets: list[dg.AssetsDefinition | dg.AssetSpec] = [
            asset
            for canvas in merge_canvases(canvases)
            for asset in build_assets(canvas, self._open)
        ]
        assets += build_entity_specs(self._open().entities())
        assets += build_error_spec(errors)
        definitions = dg.Definitions(
            assets=assets,
            resources=build_resources(self._open),
            executor=dg.in_process_executor,
        )
        return definitions.get_repository_def()
