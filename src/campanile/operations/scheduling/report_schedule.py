"""When the report assets of deliveries are made anew: often at first, then slower, then no more."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from campanile.operations.feedback.reports import next_report_due
from campanile.operations.project import Project
from campanile.operations.scheduling.requests import ReportRequest
from campanile.store.ledger_tables import delivery

_REPORTED = timedelta(days=8)  # the last report is due at the end of day 7


def due_reports(project: Project, now: datetime) -> list[ReportRequest]:
    """Report assets that became due since the last ones were asked for, by execution.

    After a stop of the clock each is asked for once, however often it would have been due. The run
    key holds the number of the interval, so two clocks ask for one run.
    """
    since = _asked_until(project, now)
    wanted: dict[tuple[str, str, int], list[tuple[str, int]]] = defaultdict(list)
    newest: dict[tuple[str, str, int], datetime] = {}
    finished = _finished(project, now)
    served = set(project.store.campaigns.live_versions()) if finished else set()
    for row in finished:
        number, due_at = _interval(row.finished_at, now)
        if due_at is None or due_at <= since or (row.campaign, row.version) not in served:
            continue
        key = (row.campaign, row.execution_key, row.version)
        wanted[key].append((row.activity, number))
        newest[key] = max(due_at, newest.get(key, due_at))
    return [_request(key, found, newest[key]) for key, found in wanted.items()]


def note_asked(project: Project, requests: Iterable[ReportRequest]) -> None:
    """Remember up to when reports were asked for, on this machine."""
    asked = [request.due_at for request in requests if request.due_at is not None]
    if not asked:
        return
    path = _memory(project)
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(max(asked).isoformat(), encoding="utf-8")
    temporary.replace(path)


def _request(
    key: tuple[str, str, int], found: list[tuple[str, int]], due_at: datetime
) -> ReportRequest:
    campaign, execution, version = key
    numbers = "-".join(f"{activity}.{number}" for activity, number in found)
    return ReportRequest(
        run_key=f"report-{campaign}-{execution}-{numbers}",
        partition=execution,
        campaign=campaign,
        version=version,
        assets=tuple(f"{activity}__report" for activity, _ in found),
        due_at=due_at,
    )


def _interval(finished_at: datetime, now: datetime) -> tuple[int, datetime | None]:
    """The number of the newest report that is due, from the end of the delivery, and since when."""
    number, last = 0, None
    while (due := next_report_due(finished_at, last, finished_at)) is not None and due <= now:
        number, last = number + 1, due
    return number, last


def _asked_until(project: Project, now: datetime) -> datetime:
    """When the newest report that was asked for was due; a time to come is a clock set back."""
    try:
        found = datetime.fromisoformat(_memory(project).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return now - _REPORTED
    return min(found, now)


def _memory(project: Project) -> Path:
    return project.state / "reports_asked"


def _finished(project: Project, now: datetime) -> list[Row[Any]]:
    query = select(
        delivery.c.campaign,
        delivery.c.version,
        delivery.c.execution_key,
        delivery.c.activity,
        delivery.c.finished_at,
    ).where(delivery.c.mode == "live", delivery.c.finished_at >= now - _REPORTED)
    with project.store.databases["ledger"].read() as connection:
        return list(connection.execute(query))
