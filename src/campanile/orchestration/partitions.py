"""Executions as dynamic partitions: added when they are asked for, the oldest ones dropped."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice

import dagster as dg
from dagster._core.storage.event_log.schema import DynamicPartitionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from campanile.operations.project import Project
from campanile.orchestration import keys
from campanile.store.statements import insert_all_missing

KEPT = 1000  # the UI lists all keys unpaged; history stays in our store
_DROPPED_AT_ONCE = 50  # 6 ms each


def add_partitions(
    instance: dg.DagsterInstance,
    wanted: Mapping[str, Iterable[str]],
    live_executions: Callable[[str], frozenset[str]],
    kept: int = KEPT,
    numbers: Mapping[str, int] | None = None,
) -> None:
    """Make executions (`wanted`, by asset group) known to Dagster; known ones stay as they are.

    Groups of more than `kept` executions lose the oldest that are not live, a few at each call. The
    live ones are only asked for when there is something to drop. `numbers` says how many executions
    campaigns have: Dagster is not asked for the keys of those that have no more than `kept`.
    """
    _add_all(instance, wanted)
    for folder, executions in wanted.items():
        name = keys.partitions_name(folder)
        if numbers is not None and numbers.get(keys.campaign_of(folder), 0) <= kept:
            continue
        known = instance.get_dynamic_partitions(name)
        surplus = len(known) - kept
        if surplus > 0:
            spared = live_executions(keys.campaign_of(folder)) | set(executions)
            for key in islice(
                (k for k in known if k not in spared), min(surplus, _DROPPED_AT_ONCE)
            ):
                instance.delete_dynamic_partition(name, key)


def _add_all(instance: dg.DagsterInstance, wanted: Mapping[str, Iterable[str]]) -> None:
    """Add the executions of all campaigns in one transaction.

    Dagster's own function takes one definition at a time: 6 ms of CPU and a transaction for each
    campaign, which is most of what a busy tick cost. Storages that are no SQL take that way.
    """
    by_name = {keys.partitions_name(folder): sorted(set(some)) for folder, some in wanted.items()}
    storage = instance.event_log_storage
    if isinstance(storage, SqlEventLogStorage):
        rows = [
            {"partitions_def_name": name, "partition": key}
            for name, listed in by_name.items()
            for key in listed
        ]
        with storage.index_connection() as connection:
            insert_all_missing(connection, DynamicPartitionsTable, rows)
        return
    for name, listed in by_name.items():
        instance.add_dynamic_partitions(name, listed)


def live_executions(project: Project) -> Callable[[str], frozenset[str]]:
    """Tell, of a campaign, the keys of its executions that are not over."""
    return lambda campaign: frozenset(
        execution.key for execution in project.store.executions.open_executions(campaign)
    )
