"""What is measured in fresh processes: a segment's run, a bare Dagster job, a tick of the clock."""

import gc
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import dagster as dg  # noqa: TID251  what it costs is the question
import duckdb

from benchmarks.latency.served import lay_out
from campanile.operations.authoring.versions import apply_campaign, publish, start_execution
from campanile.operations.project import Project
from campanile.orchestration.location import CampaignLocation
from campanile.settings.project import open_project

_CHAIN = """
name: chain
dimension: prospect
schedule: {{every: week, days: [mon], at: "09:00"}}
activities:
  step_0: {{type: build_audience, where: not is_empty(email)}}
{steps}
"""
_STEP = "  step_{n}: {{type: filter, from: step_{before}, where: prospect_id > {n}}}"


def run_segment(given: Mapping[str, Any]) -> dict[str, float]:
    """CPU seconds of one segment of `assets` activities on `people` rows, in-process executor."""
    with tempfile.TemporaryDirectory(prefix="campanile-orchestration-") as place:
        folder = Path(place) / "project"
        project = lay_out(folder, int(given["people"]))
        steps = [_STEP.format(n=n, before=n - 1) for n in range(1, int(given["assets"]))]
        written = folder / "campaigns" / "chain.yaml"
        written.write_text(_CHAIN.format(steps="\n".join(steps)))
        apply_campaign(project, "chain", actor="bench")
        publish(project, "chain", actor="bench")
        execution = start_execution(project, "chain", kind="manual", actor="bench")
        project.store.segments.request([(execution.id, "start", 1)])
        with _instance(Path(place)) as instance:
            instance.add_dynamic_partitions("execution__chain", [execution.key])
            location = CampaignLocation(lambda: project, lambda: "bench")
            job = location.get_job("campaign_chain__v1")
            keys = [dg.AssetKey(["chain", f"step_{n}"]) for n in range(int(given["assets"]))]
            began = _cpu()
            result = job.execute_in_process(
                instance=instance, partition_key=execution.key, asset_selection=keys
            )
            return {"cpu": _cpu() - began, "done": len(result.get_asset_materialization_events())}


def run_bare(given: Mapping[str, Any]) -> dict[str, float]:
    """The same of a job without us: `works` writes the same tables by hand, or else nothing."""
    with tempfile.TemporaryDirectory(prefix="campanile-orchestration-") as place:
        source = Path(place) / "people.parquet"
        with duckdb.connect() as connection:
            rows = f"SELECT range AS id, 'p' || range AS email FROM range({int(given['people'])})"
            connection.execute(f"COPY ({rows}) TO '{source}' (FORMAT parquet)")
        partitions = dg.DynamicPartitionsDefinition(name="runs")
        assets = [
            _bare_asset(n, source if n == 0 else Path(place) / f"step_{n - 1}.parquet", partitions)
            if given["works"]
            else _empty_asset(n, partitions)
            for n in range(int(given["assets"]))
        ]
        job = dg.define_asset_job("bare", executor_def=dg.in_process_executor)
        built = dg.Definitions(assets=assets, jobs=[job]).get_repository_def().get_job("bare")
        with _instance(Path(place)) as instance:
            instance.add_dynamic_partitions("runs", ["one"])
            began = _cpu()
            result = built.execute_in_process(instance=instance, partition_key="one")
            return {"cpu": _cpu() - began, "done": len(result.get_asset_materialization_events())}


def tick(given: Mapping[str, Any]) -> dict[str, float]:
    """CPU seconds of ticks of the clock: the process's first, then those with `due` executions.

    A tick is the sensor's evaluation in the code server: look at all that is due, check it against
    what is loaded, note it, make executions known as partitions, return the run requests. Outside
    of it are the graph, which the code server has since its load, and what the daemon does with
    the requests: it makes a run of each, at Dagster's own price. `busy` is the dearest tick that
    asks, `idle` the median of those with nothing due.
    """
    project = open_project(Path(given["folder"]), environment={})
    with tempfile.TemporaryDirectory() as place, _instance(Path(place)) as instance:
        location = CampaignLocation(lambda: project, lambda: "bench", loaded=gc.freeze)
        repository = dg.RepositoryDefinition("campaigns", repository_data=location)
        clock = repository.get_sensor_def("campaign_clock")
        assert repository.asset_graph  # the code server has it from its snapshot
        seconds, asked = [], []
        for number in range(8):
            if number == 1:
                _start(project, int(given["due"]))
            with dg.build_sensor_context(instance=instance, repository_def=repository) as context:
                began = _cpu()
                found = clock.evaluate_tick(context)
                seconds.append(_cpu() - began)
                asked.append(len(found.run_requests or ()))
        busy = [second for second, runs in zip(seconds, asked, strict=True) if runs]
        return {
            "first": seconds[0],
            "busy": max(busy),
            "ticks": len(busy),
            "asked": sum(asked),
            "idle": median(seconds[1 + len(busy) :]),
        }


def _start(project: Project, due: int) -> None:
    for row in project.store.campaigns.inventory()[:due]:
        start_execution(project, row.name, kind="manual", actor="bench")


def _empty_asset(n: int, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    @dg.asset(name=f"step_{n}", deps=[f"step_{n - 1}"] if n else [], partitions_def=partitions)
    def made() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"dagster/row_count": 0})

    return made


def _bare_asset(n: int, read: Path, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """One table as somebody writes it who has no framework: its rows, their number, its SQL."""
    written = read.parent / f"step_{n}.parquet"
    sql = f"SELECT * FROM '{read}' WHERE id > {n}"

    @dg.asset(name=f"step_{n}", deps=[f"step_{n - 1}"] if n else [], partitions_def=partitions)
    def made() -> dg.MaterializeResult[None]:
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({sql}) TO '{written}' (FORMAT parquet)")
            (rows,) = connection.execute(f"SELECT count(*) FROM '{written}'").fetchone() or (0,)
        facts = {"dagster/row_count": rows, "sql": dg.MetadataValue.md(sql)}
        return dg.MaterializeResult(metadata=facts)

    return made


def _instance(place: Path) -> dg.DagsterInstance:
    """An instance on disk, as a served project has one."""
    home = place / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return dg.DagsterInstance.from_config(str(home))


def _cpu() -> float:
    return sum(os.times()[:4])
