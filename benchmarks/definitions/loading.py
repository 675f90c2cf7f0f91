"""What is measured in fresh processes: a worker's build of one job, and the load of everything."""

import gc
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg  # noqa: TID251  what it costs is the question
from dagster._core.remote_representation.external_data import (  # noqa: TID251
    RepositorySnap,
)
from dagster._serdes import serialize_value  # noqa: TID251

from campanile.orchestration.location import CampaignLocation
from campanile.settings.project import open_project


def build_one(given: Mapping[str, Any]) -> dict[str, float]:
    """Open the project and build the job of one campaign, as a run worker does; CPU seconds."""
    began = time.process_time()
    project = open_project(Path(given["folder"]), environment={})
    opened = time.process_time()
    location = CampaignLocation(lambda: project, lambda: "bench")
    job = location.get_job(f"campaign_{given['campaign']}__v1")
    built = time.process_time()
    assets = len(job.asset_layer.selected_asset_keys)
    return {"open": opened - began, "build": built - opened, "assets": assets}


def load_all(given: Mapping[str, Any]) -> dict[str, float]:
    """Load the whole location and write its snapshot, as the code server does at a reload."""
    began = time.perf_counter()
    project = open_project(Path(given["folder"]), environment={})
    location = CampaignLocation(lambda: project, lambda: "bench", loaded=gc.freeze)
    repository = dg.RepositoryDefinition("campaigns", repository_data=location)
    jobs = len(repository.get_all_jobs())
    snapshot = serialize_value(RepositorySnap.from_def(repository, defer_snapshots=True))
    wall = time.perf_counter() - began
    return {"jobs": jobs, "bytes": len(snapshot), "wall": wall, "pid": os.getpid()}
