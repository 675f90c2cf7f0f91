"""Where the time goes from `campanile publish` to the first message, by store and Dagster."""

from datetime import datetime
from pathlib import Path

import dagster as dg  # noqa: TID251  its event log is half of the time line
import yaml

from benchmarks.latency.moments import Moment
from campanile.operations.project import Project

_RUN_EVENTS = {
    "PIPELINE_ENQUEUED": "queued",
    "PIPELINE_STARTING": "taken from the queue",
    "PIPELINE_START": "run began",
    "STEP_START": "first step",
    "PIPELINE_SUCCESS": "run over",
}
_PROCESS = "Started process for run"


def time_line(project: Project, home: Path, campaign: str, typed: float) -> list[Moment]:
    """Everything that store and Dagster know of the first execution of `campaign`, in order."""
    found = [*_from_store(project, campaign), *_from_dagster(home)]
    return sorted(
        (Moment(round(at - typed, 2), what) for at, what in found), key=lambda each: each.at
    )


def _from_store(project: Project, campaign: str) -> list[tuple[float, str]]:
    execution = project.store.executions.of_campaign(campaign)[0]
    moments: list[tuple[datetime | None, str]] = [
        (project.store.campaigns.published_at(campaign), "publish: committed")
    ]
    for row in project.store.segments.of_execution(execution.id):
        moments.append((row.requested_at, f"{row.name}: asked by the clock"))
        moments.append((row.started_at, f"{row.name}: begun in the store"))
        moments.append((row.finished_at, f"{row.name}: committed"))
    for delivery in project.store.deliveries.of_execution(execution.id):
        moments.append((delivery.created_at, "delivery: plan begun"))
        moments.append((delivery.started_at, "delivery: first claim"))
    started = project.state / "reload.last"
    if started.exists():
        moments.append((datetime.fromisoformat(started.read_text()), "publish: reload asked"))
    return [(at.timestamp(), what) for at, what in moments if at is not None]


def _from_dagster(home: Path) -> list[tuple[float, str]]:
    """Marks of each run; the instance is opened without its launcher, which is not for us."""
    moments: list[tuple[float, str]] = []
    place = home / "bench_view"
    place.mkdir(exist_ok=True)
    settings = {"storage": {"sqlite": {"base_dir": str(home)}}, "telemetry": {"enabled": False}}
    (place / "dagster.yaml").write_text(yaml.safe_dump(settings))
    with dg.DagsterInstance.from_config(str(place)) as instance:
        for record in instance.get_run_records():
            run = record.dagster_run
            name = (
                "send"
                if run.job_name == "send"
                else run.tags.get("campanile/segment", run.job_name)
            )
            seen: set[str] = set()
            for entry in instance.all_logs(run.run_id):
                event = entry.dagster_event
                if event is None:
                    continue
                what = _RUN_EVENTS.get(event.event_type_value)
                if what is None and (event.message or "").startswith(_PROCESS):
                    what = "process is up"
                if what is not None and what not in seen:
                    seen.add(what)
                    moments.append((entry.timestamp, f"{name}: {what}"))
    return moments
