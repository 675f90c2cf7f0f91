"""When a gate opens by the clock, and what that says."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from campanile.activities.await_signal import AwaitSignal
from campanile.activities.day_rules import DayRule
from campanile.activities.local_times import LocalMoment, instant_of
from campanile.activities.spans import TimeSpan
from campanile.activities.values import ParameterRef
from campanile.activities.wait import EXPIRED, Wait
from campanile.errors import Refused

_FARTHEST = 366 * 8 + 1  # days to a day that a rule means: a 29 February over 2100


@dataclass(frozen=True)
class Opening:
    """When the clock opens a gate (None: it never does), and with which outcome."""

    at: datetime | None
    outcome: str = "due"


def opening_of(config: Wait | AwaitSignal, reached_at: datetime, zone: ZoneInfo) -> Opening:
    """Return how the clock opens a gate that was reached at `reached_at`.

    `config` has its parameters filled in (`with_parameters`); raises `Refused` otherwise.
    """
    limit = _limit(config.within, reached_at)
    if isinstance(config, AwaitSignal):
        return Opening(limit, EXPIRED)
    at = release_at(config, reached_at, zone)
    return Opening(at) if limit is None or at <= limit else Opening(limit, EXPIRED)


def release_at(config: Wait, reached_at: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant a wait reached at `reached_at` is over; never before that.

    `until` with a time alone is the next time the clocks of `zone` show it. What `within` says is
    not looked at. Raises `Refused` for a parameter that is not filled in.
    """
    if config.between is not None:
        return _next_within(config.between, config.days, reached_at, zone)
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


def _limit(within: timedelta | ParameterRef | None, reached_at: datetime) -> datetime | None:
    if isinstance(within, ParameterRef):
        raise Refused("`within` is a parameter without a value.", remedy="Give it one.")
    return None if within is None else reached_at + within


def _next_within(
    span: TimeSpan, rules: tuple[DayRule, ...], reached_at: datetime, zone: ZoneInfo
) -> datetime:
    """The first instant from `reached_at` on at which the clocks show a time of the span."""
    today = reached_at.astimezone(zone).date()
    for number in range(_FARTHEST):
        day = today + timedelta(days=number)
        if rules and not any(rule.holds(day) for rule in rules):
            continue
        if instant_of(day, span.end, zone) >= reached_at:
            return max(reached_at, instant_of(day, span.start, zone))
    raise Refused("there is no day on which the wait goes on.", remedy="Look at its `days`.")
