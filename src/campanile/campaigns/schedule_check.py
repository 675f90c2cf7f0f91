"""What is wrong with a schedule in its campaign: values nobody gives, and launches that never come.

All of it is found without engine or store.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from campanile.activities.incoming import Incoming
from campanile.activities.values import ParameterRef
from campanile.campaigns.definition import Campaign
from campanile.campaigns.definitions import Definitions
from campanile.campaigns.graph_check import GraphFault
from campanile.campaigns.schedule import FeedbackSchedule, RecurringSchedule, SignalSchedule
from campanile.campaigns.schedules import fixed, next_slots, settled
from campanile.errors import Refused
from campanile.relations.parse import did_you_mean

_OFTEN = 15  # minutes
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def check_schedule(campaign: Campaign, definitions: Definitions) -> Iterator[GraphFault]:
    """List what is wrong; a model and a campaign on a signal are given their values later."""
    yield from _check_feedback(campaign, definitions)
    if campaign.model or isinstance(campaign.schedule, SignalSchedule):
        return
    missing = list(_missing_values(campaign))
    yield from missing
    if not missing:
        yield from _check_launches(campaign)


def _missing_values(campaign: Campaign) -> Iterator[GraphFault]:
    for name, parameter in campaign.parameters.items():
        if parameter.default is None:
            message = f"`{name}` has no default, and nobody gives a value: a clock starts this."
            remedy = "Write a `default`, or `model: true`, or `schedule: {signal: true}`."
            yield GraphFault(("parameters", name), message, remedy, "missing_default")


def _check_launches(campaign: Campaign) -> Iterator[GraphFault]:
    if any(reference not in campaign.parameters for reference in _references(campaign)):
        return  # said elsewhere
    try:
        schedule = settled(campaign.schedule, campaign)
    except Refused as error:
        yield GraphFault(("schedule",), error.message, error.remedy, "schedule")
        return
    if not isinstance(schedule, RecurringSchedule):
        return
    if schedule.every.unit == "minute" and schedule.every.number < _OFTEN:
        message = f"it launches every {schedule.every}: an execution may take longer than that."
        remedy = f"Every {_OFTEN} minutes is often enough for most; `overlap` says what follows."
        yield GraphFault(("schedule",), message, remedy, "often", "warning")
    if not _ever_launches(schedule):
        message = "there is no day on which this launches."
        remedy = "Look at `days`, `months`, and that `end` is after `start`."
        yield GraphFault(("schedule",), message, remedy, "schedule")


def _ever_launches(schedule: RecurringSchedule) -> bool:
    begin = _LONG_AGO
    if schedule.start is not None:
        begin = fixed(schedule.start).instant(schedule.zone) - timedelta(seconds=1)
    return bool(next_slots(schedule, begin, 1))


def _references(campaign: Campaign) -> Iterator[str]:
    schedule = campaign.schedule
    for option in type(schedule).model_fields:
        value = getattr(schedule, option)
        if isinstance(value, ParameterRef):
            yield value.name


def _check_feedback(campaign: Campaign, definitions: Definitions) -> Iterator[GraphFault]:
    schedule = campaign.schedule
    for name, config in campaign.activities.items():
        if isinstance(config, Incoming) and not isinstance(schedule, FeedbackSchedule):
            message = "nothing hands rows over: the schedule is not `on_feedback`."
            yield GraphFault(("activities", name), message, "Start with build_audience.")
    if isinstance(schedule, FeedbackSchedule) and schedule.on_feedback not in definitions.messages:
        message = f"there is no message `{schedule.on_feedback}`."
        remedy = did_you_mean(schedule.on_feedback, definitions.messages)
        yield GraphFault(("schedule", "on_feedback"), message, remedy, "unknown_message")
