"""Retargeting: campaigns that start on feedback, asked who is new, and started for them once."""

from datetime import datetime, timedelta

from campanile.campaigns.schedule import FeedbackSchedule
from campanile.campaigns.schedules import fixed, is_valid_at, settled
from campanile.errors import CampanileError
from campanile.operations.authoring.known_versions import KnownVersions, known_versions
from campanile.operations.authoring.versions import start_on_feedback
from campanile.operations.executing.incoming import find_new_people
from campanile.operations.feedback.message_feedback import FeedbackExporter
from campanile.operations.project import Project
from campanile.operations.scheduling.requests import SegmentRequest, segment_request
from campanile.store.campaigns import CampaignRow
from campanile.store.versions import PublishedCampaign

_LOOK_AGAIN = timedelta(days=1)  # though nothing happened: what a machine did is judged anew
_SCANNED = 100  # newest executions among which the last one on feedback is looked for


def new_people(project: Project, now: datetime) -> list[SegmentRequest]:
    """Start an execution of each feedback campaign for which enough people are new.

    The execution's row comes first; who exactly is new is settled when its first segment begins,
    and counts as consumed once that is committed. While one is open, no other starts. A campaign
    that cannot be asked is shown with a warning, and the others go on.
    """
    requests = []
    published = project.store.versions.published()
    known = known_versions(project, [(each.row.name, each.version) for each in published])
    for each in published:
        row = each.row
        try:
            requests += _ask(project, each, known, now)
        except CampanileError as error:
            warning = f"new people cannot be found: {error}"
            if row.warning != warning:
                project.store.campaigns.set_warning(row.name, warning)
    return requests


def _ask(
    project: Project, published: PublishedCampaign, known: KnownVersions, now: datetime
) -> list[SegmentRequest]:
    row = published.row
    compiled = known.get(row.name, published.version)
    if compiled.campaign.model or not isinstance(compiled.campaign.schedule, FeedbackSchedule):
        return []
    schedule = settled(compiled.campaign.schedule, compiled.campaign)
    if not is_valid_at(schedule, now) or not _may_look(project, row, schedule, now):
        return []
    place = _place(row)
    watermark = FeedbackExporter.of(project.store, project.lake).watermark()
    if _is_unchanged(project, place, schedule, watermark, now):
        return []
    found = find_new_people(project, compiled, now)
    project.looks[place] = (now, watermark)
    if found.people < fixed(schedule.at_least):
        return []
    execution = start_on_feedback(project, row.name, published.version)
    if execution is None:
        return []
    first = project.store.segments.of_execution(execution.id)[0]
    return [segment_request(first, compiled)]


def _may_look(
    project: Project, row: CampaignRow, schedule: FeedbackSchedule, now: datetime
) -> bool:
    """Whether `every` has passed since the last look and start, and none of its kind is open."""
    pause = fixed(schedule.every)
    looked = project.looks.get(_place(row))
    if looked is not None and abs(now - looked[0]) < pause:
        return False
    recent = project.store.executions.of_campaign(row.name, limit=_SCANNED)
    latest = next((each for each in recent if each.kind == "feedback"), None)
    return latest is None or (latest.is_final and abs(now - latest.requested_at) >= pause)


def _is_unchanged(
    project: Project, place: str, schedule: FeedbackSchedule, watermark: int, now: datetime
) -> bool:
    """Whether a look would find what the last one found; a `cool_down` ends without any event."""
    looked = project.looks.get(place)
    if looked is None or schedule.cool_down is not None:
        return False
    return looked[1] == watermark and abs(now - looked[0]) < _LOOK_AGAIN


def _place(row: CampaignRow) -> str:
    return f"{row.name} v{row.published_version}"
