"""When a wait ends."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from campanile.activities.local_times import LocalMoment, instant_of
from campanile.activities.wait import Wait
from campanile.errors import Refused


def release_at(config: Wait, reached_at: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant a wait reached at `reached_at` is over; never before that.

    `until` with a time alone is the next time the clocks of `zone` show it. `config` has its
    parameters filled in (`with_parameters`); raises `Refused` otherwise.
    """
    if isinstance(config.for_, timedelta):
        return reached_at + config.for_
    if isinstance(config.until, LocalMoment):
        return max(reached_at, config.until.instant(zone))
    if isinstance(config.until, time):
        today = reached_at.astimezone(zone).date()
        days = (today + timedelta(days=number) for number in range(3))
        return min(
            found for day in days if (found := instant_of(day, config.until, zone)) > reached_at
        )
    raise Refused("the end of the wait is a parameter without a value.", remedy="Give it one.")
