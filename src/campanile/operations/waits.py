"""When a wait is over."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from campanile.activities.local_times import LocalMoment, instant_of
from campanile.activities.wait import Wait
from campanile.errors import DefinitionError


def wait_until(config: Wait, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) a wait that is armed `now` is due.

    A time of the day means its next occurrence in `zone`; a moment that has passed is due at once.
    """
    if isinstance(config.for_, timedelta):
        return now + config.for_
    if isinstance(config.until, LocalMoment):
        return max(now, config.until.instant(zone))
    if isinstance(config.until, time):
        return _next(config.until, now, zone)
    raise DefinitionError("the wait has no end that is known now.")


def _next(at: time, now: datetime, zone: ZoneInfo) -> datetime:
    today = now.astimezone(zone).date()
    for day in (today, today + timedelta(days=1), today + timedelta(days=2)):
        found = instant_of(day, at, zone)
        if found > now:
            return found
    raise AssertionError("a time of the day comes within two days")
