"""When the report assets of deliveries are made anew: often at first, then slower, then no more."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from campanile.operations.project import Project
from campanile.operations.reports import next_report_due
from campanile.operations.requests import ReportRequest
from campanile.store.ledger_tables import delivery


def due_reports(project: Project, now: datetime) -> list[ReportRequest]:
    """Report assets that are due, one request for each execution.

    The last one made is known by its run key alone: the number of the interval is in it, so asking
    again within an interval asks for a run that Dagster has already.
    """
    wanted: dict[tuple[str, str, int], list[tuple[str, int]]] = defaultdict(list)
    served = set(project.store.campaigns.live_versions())
    for row in _finished(project):
        number = _interval(row.finished_at, now)
        if number is not None and (row.campaign, row.version) in served:
            key = (row.campaign, row.execution_key, row.version)
            wanted[key].append((row.activity, number))
    return [
        ReportRequest(
            run_key=f"report-{campaign}-{execution}-" + "-".join(f"{a}{n}" for a, n in found),
            partition=execution,
            campaign=campaign,
            version=version,
            assets=tuple(f"{activity}__report" for activity, _ in found),
        )
        for (campaign, execution, version), found in wanted.items()
    ]


def _interval(finished_at: datetime, now: datetime) -> int | None:
    """The number of the report that is due, counted from the end of the delivery; None after it."""
    number, last = 0, None
    while (due := next_report_due(finished_at, last, finished_at)) is not None and due <= now:
        number, last = number + 1, due
    return number or None


def _finished(project: Project) -> list[Row[Any]]:
    query = select(
        delivery.c.campaign,
        delivery.c.version,
        delivery.c.execution_key,
        delivery.c.activity,
        delivery.c.finished_at,
    ).where(delivery.c.mode == "live", delivery.c.finished_at.is_not(None))
    with project.store.databases["ledger"].read() as connection:
        return list(connection.execute(query))
