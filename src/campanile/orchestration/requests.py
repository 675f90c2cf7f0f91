"""Requests of the store -> run requests of Dagster, each checked against what is loaded first.

One request that does not fit would fail the tick for everybody (measured), so none is ever asked.
"""

from collections import defaultdict
from collections.abc import Iterable

import dagster as dg

from campanile.operations.scheduling.requests import (
    ReportRequest,
    Request,
    SegmentRequest,
    SendRequest,
)
from campanile.orchestration import keys
from campanile.orchestration.keys import JobName
from campanile.orchestration.session import (
    ATTEMPT_TAG,
    EXECUTION_TAG,
    SEGMENT_TAG,
)

DELIVERY_TAG = "campanile/delivery"
_PARTITION_TAG = "dagster/partition"
_PRIORITY_TAG = "dagster/priority"
_SOON, _LATER = "1", "-1"
_FORBIDDEN_IN_PARTITIONS = ("...", "\n", "\t", "\r", "\v", "\f")


class Loaded:
    """The jobs that the location serves, by campaign version."""

    def __init__(self, repository: dg.RepositoryDefinition) -> None:
        self._repository = repository
        parsed = [JobName.parse(name) for name in repository.job_names]
        self._names = {(name.campaign, name.version): name for name in parsed if name}

    def job_name(self, request: SegmentRequest | ReportRequest) -> JobName | None:
        """Find the job that serves a request's campaign version."""
        return self._names.get((request.campaign, request.version))

    def misfit(self, request: Request) -> str | None:
        """Tell why a request cannot be asked of Dagster, as a sentence; None when it can."""
        if isinstance(request, SendRequest):
            return None if self._repository.has_job(keys.SEND_JOB) else "There is no job 'send'."
        name = self.job_name(request)
        if name is None:
            return (
                f"Version {request.version} of campaign '{request.campaign}' is not served by the "
                "code location. It is served after a reload, unless definition_errors says why not."
            )
        if not request.partition or any(c in request.partition for c in _FORBIDDEN_IN_PARTITIONS):
            return f"'{request.partition}' cannot be the key of an execution."
        return self._unknown_assets(name, request)

    def _unknown_assets(self, name: JobName, request: SegmentRequest | ReportRequest) -> str | None:
        wanted = asset_keys(name, request.assets)
        made = self._repository.get_job(str(name)).asset_layer.selected_asset_keys
        drawn = self._repository.asset_graph
        unknown = [key for key in wanted if key not in made or not drawn.has(key)]
        if not wanted:
            return f"The request names no asset of job {name}."
        if unknown:
            missing = ", ".join(key.path[-1] for key in unknown)
            return f"Job {name} has no asset {missing}."
        return None


def asset_keys(name: JobName, assets: Iterable[str]) -> list[dg.AssetKey]:
    """Make the keys of assets of one campaign version."""
    return [keys.asset_key(name.folder, asset) for asset in assets]


def to_run_request(loaded: Loaded, request: Request) -> dg.RunRequest:
    """Translate a request that fits; raises KeyError for one that does not."""
    if isinstance(request, SendRequest):
        return dg.RunRequest(
            run_key=request.run_key,
            job_name=keys.SEND_JOB,
            run_config=_send_config(request),
            tags={DELIVERY_TAG: str(request.delivery_id), _PRIORITY_TAG: _SOON},
        )
    name = loaded.job_name(request)
    if name is None:
        raise KeyError(request.campaign)
    return dg.RunRequest(
        run_key=request.run_key,
        job_name=str(name),
        partition_key=request.partition,
        asset_selection=asset_keys(name, request.assets),
        # With its partition in the tags a request is taken as it is: no second look-up per request.
        tags={
            _PARTITION_TAG: request.partition,
            _PRIORITY_TAG: _priority(request),
            **_tags(request),
        },
    )


def _priority(request: SegmentRequest | ReportRequest) -> str:
    """Reports let everything else go first in the queue; people wait for segments and sends."""
    return _LATER if isinstance(request, ReportRequest) else _SOON


def partitions_of(loaded: Loaded, requests: Iterable[Request]) -> dict[str, set[str]]:
    """Collect the executions that `requests` are for, by asset group."""
    by_folder: dict[str, set[str]] = defaultdict(set)
    for request in requests:
        name = None if isinstance(request, SendRequest) else loaded.job_name(request)
        if name is not None and not isinstance(request, SendRequest):
            by_folder[name.folder].add(request.partition)
    return by_folder


def _send_config(request: SendRequest) -> dict[str, object]:
    config = {"delivery_id": request.delivery_id, "slice": request.slice}
    return {"ops": {keys.SEND_JOB: {"config": config}}}


def _tags(request: SegmentRequest | ReportRequest) -> dict[str, str]:
    if isinstance(request, ReportRequest):
        return {"campanile/report": request.campaign}
    return {
        **request.tags,
        EXECUTION_TAG: request.partition,
        SEGMENT_TAG: request.segment,
        ATTEMPT_TAG: str(request.attempt),
    }
