"""When a campaign starts next, as instants or as a sentence."""

from datetime import datetime

from campanile.campaigns.definition import Campaign
from campanile.campaigns.schedule import AsapSchedule, FeedbackSchedule, OnceSchedule
from campanile.campaigns.schedules import next_slots
from campanile.errors import Refused

_SHOWN = 10


def next_launches(campaign: Campaign, now: datetime) -> list[datetime]:
    """The next ten slots; none where a campaign starts on feedback or at once."""
    if isinstance(campaign.schedule, AsapSchedule | FeedbackSchedule):
        return []
    try:
        values = campaign.parameter_values({}, test=True)
    except Refused:
        values = {}
    return next_slots(campaign.schedule, now, _SHOWN, values)


def launch_sentence(campaign: Campaign, now: datetime) -> str:
    """One sentence: what makes a published campaign start, and when next."""
    schedule = campaign.schedule
    if isinstance(schedule, AsapSchedule):
        return "starts once, as soon as it is published"
    if isinstance(schedule, FeedbackSchedule):
        return f"starts when people have {schedule.event} '{schedule.on_feedback}'"
    slots = next_launches(campaign, now)
    if not slots:
        return "has no launch left: its schedule is over"
    kind = "starts once" if isinstance(schedule, OnceSchedule) else "starts next"
    return f"{kind} at {local(slots[0], campaign)}"


def local(instant: datetime, campaign: Campaign) -> str:
    """An instant in the campaign's zone, to the minute."""
    zone = campaign.schedule.zone
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"
