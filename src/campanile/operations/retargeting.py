"""Retargeting: campaigns that start on feedback, asked who is new, and started for them once."""

from datetime import datetime, timedelta

from campanile.activities.values import ParameterRef
from campanile.campaigns.schedule import FeedbackSchedule
from campanile.operations.incoming import find_new_people
from campanile.operations.project import Project
from campanile.operations.requests import SegmentRequest, segment_request
from campanile.operations.versions import get_version, start_execution
from campanile.store.campaigns import CampaignRow


def new_people(project: Project, now: datetime) -> list[SegmentRequest]:
    """Start an execution of each feedback campaign for which enough people are new.

    The execution's row comes first; who exactly is new is settled when its first segment begins,
    and counts as consumed once that is committed. While one is open, no other starts.
    """
    requests = []
    for row in project.store.campaigns.inventory(["scheduled", "live"]):
        requests += _ask(project, row, now)
    return requests


def _ask(project: Project, row: CampaignRow, now: datetime) -> list[SegmentRequest]:
    if row.published_version is None:
        return []
    compiled = get_version(project, row.name, row.published_version)
    schedule = compiled.campaign.schedule
    if not isinstance(schedule, FeedbackSchedule) or not _may_look(project, row, schedule, now):
        return []
    found = find_new_people(project, compiled, now)
    enough = 1 if isinstance(schedule.at_least, ParameterRef) else schedule.at_least
    if found.people < enough:
        return []
    execution = start_execution(project, row.name, kind="feedback", actor="retargeting")
    first = project.store.segments.of_execution(execution.id)[0]
    return [segment_request(first, compiled)]


def _may_look(
    project: Project, row: CampaignRow, schedule: FeedbackSchedule, now: datetime
) -> bool:
    """Whether `every` has passed since the last start, and none of its executions is open."""
    if project.store.executions.open_executions(row.name):
        return False
    latest = project.store.executions.of_campaign(row.name, limit=1)
    every = schedule.every
    pause = timedelta(hours=1) if isinstance(every, ParameterRef) else every
    return not latest or now - latest[0].requested_at >= pause
