"""Slots of recurring campaigns: claimed once, by the alarm or by the clock that sweeps after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from campanile.campaigns.compiled import CompiledVersion
from campanile.campaigns.schedule import OnceSchedule, RecurringSchedule
from campanile.campaigns.schedules import fixed, occurrences, settled
from campanile.errors import CampanileError
from campanile.operations.authoring.known_versions import KnownVersions, known_versions
from campanile.operations.authoring.versions import get_version, parameters_of
from campanile.operations.project import Project
from campanile.operations.scheduling.requests import SegmentRequest, segment_request
from campanile.store.campaigns import CampaignRow
from campanile.store.occurrences import Claim
from campanile.store.versions import PublishedCampaign

GRACE = timedelta(seconds=45)  # how long a slot is left to its alarm before the clock takes it
_LONGEST_LOOK_BACK = timedelta(days=7)
_UNSOUND = "the schedule cannot be followed"


@dataclass(frozen=True)
class Claimed:
    """What became of a slot; only `run` has a request."""

    state: Literal["run", "skip", "held"]
    reason: str
    request: SegmentRequest | None = None


def claim_slot(project: Project, campaign: str, slot: datetime, claimed_by: str) -> Claimed:
    """Claim a slot for whoever rang; a slot that the schedule does not have is skipped."""
    row = project.store.campaigns.get(campaign)
    if row.published_version is None:
        return Claimed("skip", f"campaign '{campaign}' is {row.status}")
    compiled = get_version(project, campaign, row.published_version)
    slot = slot.replace(second=0, microsecond=0)
    if slot <= (project.store.campaigns.published_at(campaign) or row.changed_at):
        return Claimed("skip", "the slot was before the campaign was published")
    minute = timedelta(minutes=1)
    if slot not in set(_slots(compiled, slot - minute, slot)):
        return Claimed("skip", "the schedule has no launch at this time")
    return _claim(project, compiled, row, slot, claimed_by)


def sweep_slots(project: Project, now: datetime) -> None:
    """Claim the slots whose alarm did not ring: schedule switched off, or nobody was up.

    Slots from before the version was published are rolled past (F-table 1.3), not run late. After
    a stop only the newest slot is claimed (and held where it is late): nobody gets a week's mail
    at once. A campaign whose schedule cannot be followed is shown with a warning.
    """
    published = project.store.versions.published()
    known = known_versions(project, [(each.row.name, each.version) for each in published])
    for each in published:
        row = each.row
        try:
            _sweep(project, each, known, now)
        except CampanileError as error:
            warning = f"{_UNSOUND}: {error}"
            if row.warning != warning:
                project.store.campaigns.set_warning(row.name, warning)
        else:
            if row.warning and row.warning.startswith(_UNSOUND):
                project.store.campaigns.set_warning(row.name, None)


def _sweep(
    project: Project, published: PublishedCampaign, known: KnownVersions, now: datetime
) -> None:
    row = published.row
    compiled = known.get(row.name, published.version)
    if not _has_slots(compiled):
        return
    since = max(published.last_slot or published.published_at, published.published_at)
    start = max(since, now - _LONGEST_LOOK_BACK)
    slots = _slots(compiled, start, now - GRACE) if start < now - GRACE else []
    *passed, newest = project.store.occurrences.unclaimed(row.name, slots) or (None,)
    if newest is None:
        return
    for slot in passed:
        if slot is not None:
            reason = f"nobody was up; the slot of {newest:%Y-%m-%d %H:%M} UTC stands for it"
            project.store.occurrences.miss(row.name, slot, claimed_by="clock", reason=reason)
    _claim(project, compiled, row, newest, "clock: the schedule is off or was not up")


def _claim(
    project: Project, compiled: CompiledVersion, row: CampaignRow, slot: datetime, by: str
) -> Claimed:
    schedule = settled(compiled.campaign.schedule, compiled.campaign)
    claim = project.store.occurrences.claim(
        row.name,
        slot,
        claimed_by=by,
        kind="once" if isinstance(schedule, OnceSchedule) else "scheduled",
        overlap=schedule.overlap,
        late_after=fixed(schedule.late),
        parameters=parameters_of(compiled, {}),
    )
    return _claimed(project, claim)


def _claimed(project: Project, claim: Claim) -> Claimed:
    if claim.outcome in ("held", "queued"):
        return Claimed("held", claim.reason)
    if claim.outcome != "run" or claim.execution is None:
        return Claimed("skip", claim.reason)
    execution = claim.execution
    compiled = get_version(project, execution.campaign, execution.version)
    first = project.store.segments.of_execution(execution.id)[0]
    return Claimed("run", claim.reason, segment_request(first, compiled))


def _has_slots(compiled: CompiledVersion) -> bool:
    """Whether a clock launches it; a model waits for orders, whatever its schedule says."""
    timed = isinstance(compiled.campaign.schedule, OnceSchedule | RecurringSchedule)
    return timed and not compiled.campaign.model


def _slots(compiled: CompiledVersion, after: datetime, until: datetime) -> list[datetime]:
    if not _has_slots(compiled):
        return []
    return list(occurrences(settled(compiled.campaign.schedule, compiled.campaign), after, until))
