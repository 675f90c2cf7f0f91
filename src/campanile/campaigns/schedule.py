"""When a campaign starts: as soon as published, once, again and again, or on feedback."""

from datetime import time, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    field_validator,
    model_validator,
)

from campanile.activities.amounts import Count
from campanile.activities.day_rules import Days, Months
from campanile.activities.options import Options
from campanile.activities.rule_values import Rule
from campanile.activities.spans import SpanOption
from campanile.activities.times import Duration, Moment, TimeOption
from campanile.activities.values import fault
from campanile.activities.zones import Zone
from campanile.campaigns.schedule_values import EndMoment, IntervalOption


class ScheduleOptions(Options):
    """What every schedule has."""

    timezone: Zone | None = Field(
        default=None, description="Time zone; the project's when left out."
    )
    start: Moment | None = Field(default=None, description="Not before; anchors `every 2 weeks`.")
    end: EndMoment | None = Field(default=None, description="Not after.")
    overlap: Literal["skip", "queue", "allow"] = Field(
        default="skip", description="What to do while the former execution still runs."
    )
    late: Duration = Field(
        default=timedelta(hours=6), description="Later than this, a start is held and asked about."
    )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of all local times."""
        return ZoneInfo(self.timezone or "UTC")


class AsapSchedule(ScheduleOptions):
    """As soon as published."""

    asap: Literal[True] = Field(default=True, description="As soon as published.")

    @field_validator("asap", mode="before")
    @classmethod
    def _true(cls, written: Any) -> Any:
        return True if written == "true" else written

    @model_validator(mode="after")
    def _starts_at_once(self) -> Self:
        for option in ("start", "end"):
            if getattr(self, option) is not None:
                fault("schedule", f"`{option}` goes with a later start: once, every.", option)
        return self


class OnceSchedule(ScheduleOptions):
    """Once."""

    once: Moment = Field(description="Date and time.")


class RecurringSchedule(ScheduleOptions):
    """Again and again."""

    every: IntervalOption = Field(description="How often.")
    at: Annotated[
        tuple[TimeOption, ...],
        BeforeValidator(lambda v: (v,) if isinstance(v, str | time) else v),
    ] = Field(default=(), description="Time of the day, or several.")
    days: Days = Field(default=(), description="Which days; none are needed for `every: day`.")
    months: Months = Field(default=(), description="Which months; all when left out.")
    between: SpanOption | None = Field(
        default=None, description="Hours of the day, for minutes and hours."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        unit = self.every.unit
        within_a_day = unit in ("minute", "hour")
        if within_a_day and self.at:
            fault("schedule", f"`at` does not go with every {self.every}; use `between`.", "at")
        if not within_a_day and not self.at:
            fault("schedule", f"every {self.every} needs a time: `at`.")
        if not within_a_day and self.between:
            fault("schedule", "`between` goes with minutes and hours; use `at`.", "between")
        if unit in ("week", "month") and not self.days:
            fault("schedule", f"every {self.every} needs `days`.")
        if unit != "month":
            self._refuse_days_of_a_month()
        if not within_a_day and self.every.number > 1 and self.start is None:
            fault("schedule", f"every {self.every} needs a `start`, which anchors the count.")
        return self

    def _refuse_days_of_a_month(self) -> None:
        if self.months:
            fault("schedule", "`months` goes with `every: month`.", "months")
        for number, rule in enumerate(self.days):
            if rule.kind in ("day_of_month", "nth_weekday"):
                fault("schedule", f"`{rule}` goes with `every: month`.", "days", number)


class FeedbackSchedule(ScheduleOptions):
    """When recipients of a message react."""

    on_feedback: str = Field(description="The message: `campaign.activity`.")
    event: Literal["delivered", "opened", "clicked", "bounced", "unsubscribed", "complained"] = (
        Field(description="What they did.")
    )
    where: Rule | None = Field(default=None, description="A rule over the event.")
    at_least: Count = Field(default=1, description="Start when so many people are new.")
    every: Duration = Field(default=timedelta(hours=1), description="Look this often.")
    max_age: Duration = Field(default=timedelta(days=30), description="Older events do not count.")
    cool_down: Duration | None = Field(
        default=None, description="The same person not again within this time."
    )


class SignalSchedule(ScheduleOptions):
    """When another campaign, a program or a person says so."""

    signal: Literal[True] = Field(description="Start on a signal; its payload is the parameters.")
    at_most_every: Duration | None = Field(
        default=None, description="Refuse a signal sooner than this after the last one."
    )

    @field_validator("signal", mode="before")
    @classmethod
    def _true(cls, written: Any) -> Any:
        return True if written == "true" else written


def _kind(written: Any) -> str | None:
    keys = written if isinstance(written, dict) else getattr(written, "model_fields_set", ())
    for model in (AsapSchedule, OnceSchedule, FeedbackSchedule, RecurringSchedule, SignalSchedule):
        if isinstance(written, model):
            return _TAGS[model]
    for word in ("asap", "once", "on_feedback", "every", "signal"):
        if word in keys:
            return f"schedule {word}"
    return None


_TAGS = {
    AsapSchedule: "schedule asap",
    OnceSchedule: "schedule once",
    FeedbackSchedule: "schedule on_feedback",
    RecurringSchedule: "schedule every",
    SignalSchedule: "schedule signal",
}


def _spell_out(written: Any) -> Any:
    """Let `asap` stand for a map; refuse what has no start."""
    if written == "asap":
        return {"asap": "true"}
    if isinstance(written, dict) and _kind(written) is None:
        fault("schedule", "the schedule has no start: once, every, signal or on_feedback.")
    if isinstance(written, str | list):
        fault("schedule", "a schedule is `asap` or a map with once, every, signal or on_feedback.")
    return written


Schedule = Annotated[
    Annotated[AsapSchedule, Tag("schedule asap")]
    | Annotated[OnceSchedule, Tag("schedule once")]
    | Annotated[FeedbackSchedule, Tag("schedule on_feedback")]
    | Annotated[RecurringSchedule, Tag("schedule every")]
    | Annotated[SignalSchedule, Tag("schedule signal")],
    Discriminator(_kind),
    BeforeValidator(_spell_out),
]
SCHEDULE: TypeAdapter[Any] = TypeAdapter(Schedule)
