"""The campaign as the product runs it: prepared and published, then its one segment is run."""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from campanile.operations.authoring.versions import apply_campaign, publish
from campanile.operations.executing.activity_runs import run_activity
from campanile.operations.executing.segment_runs import begin_segment, finish_segment
from campanile.operations.project import Project
from campanile.operations.scheduling.clock import tick
from campanile.settings.project import open_project

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
import_module("sqlglot.dialects.duckdb")  # as a run worker does while it starts
_TEMPLATE = Path(__file__).parent / "project"


def prepare(given: Mapping[str, Any]) -> None:
    """Make the project in `folder` over the data in `data`, and publish its campaign.

    With `warehouse` (its settings as campanile.yaml has them) the entities are tables there.
    """
    folder = Path(given["folder"])
    shutil.copytree(_TEMPLATE, folder)
    (folder / "data").symlink_to(Path(given["data"]).resolve())
    if warehouse := given.get("warehouse"):
        _move_to(warehouse, folder)
    project = _open(folder)
    campaign = given["campaign"]
    apply_campaign(project, campaign, actor="yardstick")
    publish(project, campaign, actor="yardstick")
    project.store.close()


def work(given: Mapping[str, Any]) -> Callable[[], dict[str, str]]:
    """The work of a run worker: begin the segment that is due, run its activities, finish it."""
    project = _open(Path(given["folder"]))
    (request,) = tick(project, NOW).segments

    def run() -> dict[str, str]:
        segment = begin_segment(
            project, request.campaign, request.version, request.partition, request.segment,
            "yardstick", request.attempt,
        )  # fmt: skip
        graph = segment.compiled.graph
        names = segment.compiled.segment(segment.segment).activities
        for name in sorted(names, key=graph.order.index):
            run_activity(segment, name, "all")
        finish_segment(segment)
        return {name: str(row.path) for name, row in segment.committed().items()} | {
            f"audience {name}": found.paths[0]
            for name, found in project.store.audiences.current().items()
        }

    return run


def _move_to(warehouse: Mapping[str, str], folder: Path) -> None:
    settings, catalog = folder / "campanile.yaml", folder / "catalog" / "shop.yaml"
    settings.write_text(f"{settings.read_text()}warehouse: {json.dumps(warehouse)}\n")
    in_place = re.sub(r"files: data/(\w+)\.parquet", r"table: shop.\1s", catalog.read_text())
    catalog.write_text(in_place)


def _open(folder: Path) -> Project:
    return open_project(folder, clock=lambda: NOW, environment={})
