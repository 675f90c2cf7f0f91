"""Reports: what a campaign's messages led to, live and over all, and when to look again."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from campanile.errors import Refused
from campanile.operations.feedback.message_feedback import FeedbackExporter, bind_feedback
from campanile.operations.people.rights import requires
from campanile.operations.project import Project
from campanile.people.rights import Right
from campanile.relations.scope import MessageSource
from campanile.reporting import frames
from campanile.reporting.report import CampaignReport, build_report
from campanile.store.ledger_tables import delivery

if TYPE_CHECKING:
    import pandas as pd

# How often a report is made anew, by how long ago its delivery was finished.
_SLOWING: tuple[tuple[timedelta, timedelta], ...] = (
    (timedelta(hours=1), timedelta(minutes=5)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=7), timedelta(days=1)),
)
_LAST = _SLOWING[-1][0]


@requires(Right.VIEW_REPORTS)
def report(project: Project, campaign: str, execution: str | None = None) -> CampaignReport:
    """Count what is known now about a campaign, in one execution or in all live ones together.

    A campaign that has not planned a message yet gives an empty report. Raises Refused when the
    campaign, or the execution, does not exist.
    """
    project.store.campaigns.get(campaign)
    mode = "live"
    if execution is not None:
        mode = project.store.executions.find(campaign, execution).mode
    sources = [
        MessageSource(campaign, activity, execution if mode == "test" else None)
        for activity in _activities(project, campaign)
    ]
    return _count(project, campaign, sources, execution, mode)


@requires(Right.VIEW_REPORTS)
def report_numbers(
    project: Project, campaign: str, activity: str, execution_key: str
) -> dict[str, int | float]:
    """The figures of one channel activity in one execution, on one level, for metadata."""
    sources = [MessageSource(campaign, activity, execution_key)]
    found = _count(project, campaign, sources, execution_key, "live")
    return found.activity(activity).numbers.flat()


def next_report_due(finished_at: datetime, last: datetime | None, now: datetime) -> datetime | None:
    """When the report of a finished delivery should be made again; `now` when it is overdue.

    Every 5 minutes in the first hour, hourly on the first day, daily until day 7; the last one is
    made at the end of day 7, and then None.
    """
    if last is None:
        return now
    end = finished_at + _LAST
    if last >= end:
        return None
    step = next(pause for until, pause in _SLOWING if last < finished_at + until)
    return max(now, min(last + step, end))


@requires(Right.VIEW_DATA)
def working_table(
    project: Project, campaign: str, execution: str, transition: str
) -> "pd.DataFrame":
    """The committed working table of a transition, for an analyst; needs the extra `analysis`.

    Raises Refused when the transition is not committed.
    """
    found = project.store.executions.find(campaign, execution)
    committed = project.store.manifests.committed(found.id).get(transition)
    if committed is None:
        raise Refused(
            f"Execution '{execution}' of campaign '{campaign}' has no committed '{transition}'.",
            remedy=f"See: campanile show {campaign}",
        )
    paths = [project.warehouse.root / committed.path] if committed.path else []
    return frames.table_frame(paths, list(committed.schema))


def report_frame(project: Project, campaign: str, execution: str | None = None) -> "pd.DataFrame":
    """The figures of a report as one row per activity and execution; needs the extra `analysis`."""
    return frames.report_frame(report(project, campaign, execution))


def _activities(project: Project, campaign: str) -> list[str]:
    query = select(delivery.c.activity).where(delivery.c.campaign == campaign).distinct()
    with project.store.databases["ledger"].read() as connection:
        return sorted(connection.execute(query).scalars())


def _count(
    project: Project,
    campaign: str,
    sources: list[MessageSource],
    execution: str | None,
    mode: str,
) -> CampaignReport:
    pins = FeedbackExporter.of(project.store, project.lake).export(sources)
    with project.lake.session() as session:
        bind_feedback(session, pins, project.lake.root)
        return build_report(session.rows, campaign, project.clock(), execution=execution, mode=mode)
