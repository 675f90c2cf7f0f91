"""Executions that Dagster has not seen: told to it, so that its pages show a campaign's past.

They ran where no Dagster was, or before its storage was renewed. Nothing is run for them.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from campanile.campaigns.graph import transition_table
from campanile.operations.executing.segment_run import reported
from campanile.operations.feedback.reports import report_numbers
from campanile.operations.project import Project
from campanile.orchestration import keys
from campanile.orchestration.metadata import describe_details, describe_output
from campanile.orchestration.partitions import KEPT, add_partitions, live_executions
from campanile.settings.project import open_project
from campanile.store.execution_rows import Execution


def retell(project: Project, instance: dg.DagsterInstance) -> int:
    """Report what unknown executions committed, and their figures as of now; returns how many.

    Only of executions that are over: the clock looks after the others. Repeating it adds nothing.
    """
    told = 0
    for campaign in [row.name for row in project.store.campaigns.inventory()]:
        known = set(instance.get_dynamic_partitions(keys.partitions_name(campaign)))
        newest = project.store.executions.of_campaign(campaign, limit=KEPT)
        for execution in reversed(newest):
            if execution.mode == "live" and execution.is_final and execution.key not in known:
                for event in _events(project, execution):
                    instance.report_runless_asset_event(event)
                add_partitions(instance, {campaign: [execution.key]}, live_executions(project))
                told += 1
    return told


def _events(project: Project, execution: Execution) -> Iterator[dg.AssetMaterialization]:
    """One event for each committed output, then one for each delivery's report."""
    for row in project.store.manifests.committed(execution.id).values():
        output = reported(row, rows_in=row.rows, reused=False)
        facts = describe_output(output, execution.mode, "")
        yield _event(execution, transition_table(row.transition), facts)
    for delivery in project.store.deliveries.of_execution(execution.id):
        numbers = report_numbers(project, execution.campaign, delivery.activity, execution.key)
        yield _event(execution, keys.report_name(delivery.activity), describe_details(numbers))


def _event(execution: Execution, name: str, facts: dict[str, Any]) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        asset_key=keys.asset_key(keys.folder(execution.campaign), name),
        description=f"execution {execution.key}",
        partition=execution.key,
        metadata=facts,
    )


if __name__ == "__main__":
    with dg.DagsterInstance.get() as own_instance:
        retell(open_project(Path(sys.argv[1])), own_instance)
