"""When a campaign starts next, as instants or as a sentence."""

from datetime import datetime

from campanile.activities.times import write_duration
from campanile.campaigns.definition import Campaign
from campanile.campaigns.schedule import (
    AsapSchedule,
    FeedbackSchedule,
    OnceSchedule,
    RecurringSchedule,
    SignalSchedule,
)
from campanile.campaigns.schedules import next_slots
from campanile.errors import Refused

SHOWN = 10


def next_launches(campaign: Campaign, now: datetime, number: int = SHOWN) -> list[datetime]:
    """The next slots; none where no clock starts the campaign."""
    schedule = campaign.schedule
    if campaign.model or not isinstance(schedule, OnceSchedule | RecurringSchedule):
        return []
    try:
        values = campaign.parameter_values({}, test=True)
    except Refused:
        values = {}
    return next_slots(schedule, now, number, values)


def launch_sentence(campaign: Campaign, now: datetime) -> str:
    """One sentence: what makes a published campaign start, and when next."""
    schedule = campaign.schedule
    if campaign.model:
        return "is a model: it starts for orders only"
    if isinstance(schedule, AsapSchedule):
        return "starts once, as soon as it is published"
    if isinstance(schedule, FeedbackSchedule):
        return f"starts when people have {schedule.event} '{schedule.on_feedback}'"
    if isinstance(schedule, SignalSchedule):
        most = schedule.at_most_every
        return "starts on a signal" + (f", at most every {write_duration(most)}" if most else "")
    slots = next_launches(campaign, now, 1)
    if not slots:
        return "has no launch left: its schedule is over"
    kind = "starts once" if isinstance(schedule, OnceSchedule) else "starts next"
    return f"{kind} at {local(slots[0], campaign)}"


def local(instant: datetime, campaign: Campaign) -> str:
    """An instant in the campaign's zone, to the minute."""
    zone = campaign.schedule.zone
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"
